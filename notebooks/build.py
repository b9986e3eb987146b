"""Build the lessons: notebooks/src/NN_name.py -> notebooks/NN_name.ipynb and notebooks/solutions/NN_name.ipynb.

    python notebooks/build.py           all lessons
    python notebooks/build.py 00 03     these
    ... --texts                         only texts have changed: no cell is run, outputs stay

Each is executed offline on the CPU and written without anything that changes from run to run. What its predictions came to goes
to notebooks/solutions/outcomes.json, for the answer key. See notebooks/README.md.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import re
import sys
import tempfile
from base64 import b64decode, b64encode
from hashlib import sha256
from pathlib import Path
from typing import Any

import jupytext
import nbformat
import numpy as np
from minutes import part_minutes, with_minutes
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from PIL import Image
from words import first_uses, linked

HERE = Path(__file__).resolve().parent
ONLY_STUDENT, ONLY_SOLUTION = "exercise", "solution"
CONCLUSION = "conclusion"  # a text that a reader may see only with the outcome above it
COMPARES = "predictions.compare("
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
CELL_TIMEOUT_S = 120
OUTCOMES = HERE / "solutions" / "outcomes.json"
LIVE_VIEW = "application/vnd.jupyter.widget-view+json"


def lessons(numbers: list[str] | None = None) -> list[Path]:
    """The sources, in order; only those whose name begins with one of `numbers` where some are given."""
    found = sorted((HERE / "src").glob("[0-9][0-9]_*.py"))
    if not numbers:
        return found
    if unknown := [n for n in numbers if not any(path.name.startswith(f"{n}_") for path in found)]:
        raise SystemExit(
            f"no lesson {', '.join(unknown)} in notebooks/src; there are {', '.join(p.stem for p in found)}"
        )
    return [path for path in found if path.name[:2] in numbers]


def variants(source: Path) -> dict[Path, bool]:
    """The notebooks made from a source: path -> with solutions. A lesson without solution cells has only the first."""
    target = {HERE / f"{source.stem}.ipynb": False}
    if any(ONLY_SOLUTION in tags(cell) for cell in jupytext.read(source).cells):
        target[HERE / "solutions" / f"{source.stem}.ipynb"] = True
    return target


def tags(cell: Any) -> list[str]:
    return cell.metadata.get("tags", [])


def compose(source: Path, solved: bool) -> Any:
    """The notebook of a source, not executed: the cells of its kind, with ids made from their content."""
    notebook = jupytext.read(source)
    left_out = ONLY_STUDENT if solved else ONLY_SOLUTION
    notebook.cells = [cell for cell in notebook.cells if left_out not in tags(cell)]
    notebook.cells = with_conclusions(notebook.cells, source.name)
    times = part_minutes(
        with_conclusions([c for c in jupytext.read(source).cells if ONLY_SOLUTION not in tags(c)], source.name)
    )
    prose = [cell for cell in notebook.cells if cell.cell_type == "markdown"]
    for cell, text in zip(prose, linked([cell.source for cell in prose], first_uses()[source.stem])[0], strict=True):
        cell.source = with_minutes(text, times)
    notebook.metadata = nbformat.from_dict(METADATA)
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    seen: dict[str, int] = {}
    for cell in notebook.cells:
        name = sha256(cell.source.encode()).hexdigest()[:8]
        seen[name] = seen.get(name, 0) + 1
        cell.id = name if seen[name] == 1 else f"{name}-{seen[name]}"
    return notebook


def with_conclusions(cells: list[Any], name: str) -> list[Any]:
    """Hide the source of each cell that compares a prediction, and put the conclusion below it into what the cell shows.

    Otherwise the next cell's code, or the text below it, would tell the outcome to whoever is still to predict it.
    """
    kept: list[Any] = []
    for cell in cells:
        if CONCLUSION in tags(cell):
            if not kept or COMPARES not in kept[-1].source or '"""' in cell.source:
                raise SystemExit(
                    f'{name}: a conclusion follows a cell that compares, without """: {cell.source[:80]!r}'
                )
            kept[-1].source += f'\npredictions.conclude(r"""\n{cell.source}\n""")'
            continue
        if cell.cell_type == "code" and COMPARES in cell.source:
            cell.metadata["jupyter"] = {"source_hidden": True}
        kept.append(cell)
    return kept


def keep_outputs(notebook: Any, path: Path) -> None:
    """Take the outputs from the notebook as it was built last. SystemExit where a cell's code is another one."""
    built = nbformat.read(path, as_version=4).cells if path.is_file() else []
    old = [cell for cell in built if cell.cell_type == "code"]
    new = [cell for cell in notebook.cells if cell.cell_type == "code"]
    if [cell.source for cell in old] != [cell.source for cell in new]:
        raise SystemExit(f"{path.name}: code has changed too: build it without --texts")
    for cell, before in zip(new, old, strict=True):
        cell.outputs, cell.execution_count = before.outputs, before.execution_count


def execute(notebook: Any, name: str) -> dict[str, Any]:
    """Run all cells as a reader without data of their own does. Stops with the failing cell's number and error.

    Returns what the predictions came to, {lesson: {name: ...}}, from the record that such a reader's answers would stand in.
    """
    client = NotebookClient(
        notebook, timeout=CELL_TIMEOUT_S, kernel_name="python3", resources={"metadata": {"path": str(HERE)}}
    )
    with tempfile.TemporaryDirectory() as folder:
        record = Path(folder) / "record.json"
        os.environ["BANET_EDU_PREDICTIONS"] = str(record)
        try:
            run(client, notebook, name)
        finally:
            del os.environ["BANET_EDU_PREDICTIONS"]
        lessons = json.loads(record.read_text(encoding="utf-8")) if record.is_file() else {}
    return {lesson: kept["predictions"] for lesson, kept in lessons.items() if "predictions" in kept}


def run(client: NotebookClient, notebook: Any, name: str) -> None:
    """Execute; SystemExit names the cell that fails or writes to stderr."""
    try:
        client.execute()
    except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
        running = max((i for i, cell in enumerate(notebook.cells) if "execution" in cell.metadata), default=0)
        raise SystemExit(f"{name}, cell {running + 1}:\n{error}") from None
    for number, cell in enumerate(notebook.cells, start=1):
        for output in cell.get("outputs", []):
            if output.get("name") == "stderr":
                raise SystemExit(f"{name}, cell {number} writes to stderr, which strict nbval refuses:\n{output.text}")


def keep_outcomes(told: dict[str, Any]) -> None:
    """Put what one lesson's predictions came to into the file that holds those of all."""
    if told:
        kept = json.loads(OUTCOMES.read_text(encoding="utf-8")) if OUTCOMES.is_file() else {}
        text = json.dumps(dict(sorted((kept | told).items())), indent=1, ensure_ascii=False)
        OUTCOMES.parent.mkdir(exist_ok=True)
        OUTCOMES.write_text(text + "\n", encoding="utf-8")


def clean(notebook: Any) -> None:
    """Drop what changes from run to run or works only while a kernel lives; make pictures smaller."""
    notebook.metadata = nbformat.from_dict(METADATA)
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            data.pop(
                LIVE_VIEW, None
            )  # the widget's still picture remains, for GitHub and for JupyterLab without a kernel
            if "image/png" in data:
                data["image/png"] = smaller(data["image/png"])


def smaller(png: str) -> str:
    """A base64 PNG without alpha and with colours in steps of 4 (pure white kept): invisible, about 40 % smaller.

    Line art gets a palette of 256: half the size, and only the smoothing of edges is coarser. It has under 1000 colours, or
    under 2000 where nearly all is white: a photo with as many would lose the colours of its lines.
    """
    pixels = np.asarray(Image.open(io.BytesIO(b64decode(png))).convert("RGB"))
    coarse = np.where(pixels == 255, 255, pixels & 0xFC | 2).astype(np.uint8)
    picture = Image.fromarray(coarse)
    few = 2000 if (pixels == 255).all(axis=2).mean() > 0.8 else 1000
    if picture.getcolors(few) is not None:
        picture = picture.quantize(256, dither=Image.Dither.NONE)
    for level in (9, 8, 7):
        buffer = io.BytesIO()
        picture.save(buffer, "PNG", optimize=level == 9, compress_level=level)
        text = b64encode(buffer.getvalue()).decode()
        if not re.search(
            "/(tmp|home|root|work|Users)", text
        ):  # by chance; who searches for paths of a machine finds none
            break
    return text


def pictures(notebook: Any) -> dict[str, list[str]]:
    """The PNGs of each code cell, by the cell's id."""
    outputs = {cell.id: cell.get("outputs", []) for cell in notebook.cells}
    return {
        name: [o.data["image/png"] for o in found if "image/png" in o.get("data", {})]
        for name, found in outputs.items()
    }


def drop_repeated(solution: Any, shown: dict[str, list[str]]) -> None:
    """Take out of a solved notebook what its lesson shows in the same cell: the checkout would carry it twice."""
    for cell in solution.cells:
        for output in cell.get("outputs", []):
            if output.get("data", {}).get("image/png") in shown.get(cell.id, []):
                del output.data["image/png"]  # its description, the plain text, stays


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("lesson", nargs="*", help="numbers, such as 00 03; default: all")
    parser.add_argument("--texts", action="store_true", help="run nothing: only texts have changed")
    given = parser.parse_args()
    os.environ.pop("BANET_EDU_DATA", None)  # committed outputs come from bundled samples, never from real patients
    os.environ["OMP_WAIT_POLICY"] = "PASSIVE"
    for source in lessons(given.lesson):
        shown: dict[str, list[str]] = {}
        for path, solved in variants(source).items():
            name = path.relative_to(HERE).as_posix()
            notebook = compose(source, solved)
            if given.texts:
                keep_outputs(notebook, path)
            else:
                told = execute(notebook, name)
                if not solved:
                    keep_outcomes(told)
                clean(notebook)
                if solved:
                    drop_repeated(notebook, shown)
                shown = pictures(notebook)
            path.parent.mkdir(exist_ok=True)
            nbformat.write(notebook, path)
            print(f"{name}: {len(notebook.cells)} cells, {path.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    sys.exit(main())
