"""How long the cells of each lesson run, and how much memory its kernel takes at most.

    OMP_WAIT_POLICY=PASSIVE python benchmarks/lessons.py            # all lessons; alone on the machine
    OMP_WAIT_POLICY=PASSIVE python benchmarks/lessons.py 03 07      # these
    ... --solutions                                                 # the solved ones

Prints a Markdown table: seconds from the first cell's start to the last one's end (imports included, the start of the kernel
not), and the largest resident memory of the kernel or of a process it started. Bounds: 120 s and 2 GB a lesson, 600 s together.
"""

from __future__ import annotations

import argparse
import os
from datetime import datetime
from pathlib import Path

import nbformat
from nbclient import NotebookClient

NOTEBOOKS = Path(__file__).resolve().parents[1] / "notebooks"
PEAK = """import resource
print(max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)))"""
IN_A_GB = 1e6  # Linux counts ru_maxrss in KiB


def measure(path: Path) -> tuple[float, float]:
    """Seconds and GB of one lesson."""
    notebook = nbformat.read(path, as_version=4)
    notebook.cells.append(nbformat.v4.new_code_cell(PEAK))
    NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(NOTEBOOKS)}}).execute()
    times = [cell.metadata["execution"] for cell in notebook.cells if "execution" in cell.metadata]
    begin, end = times[0]["iopub.execute_input"], times[-2]["shell.execute_reply"]
    seconds = (datetime.fromisoformat(end) - datetime.fromisoformat(begin)).total_seconds()
    return seconds, 1.024 * int(notebook.cells[-1].outputs[0].text) / IN_A_GB


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("lesson", nargs="*", help="numbers, such as 00 03; default: all")
    parser.add_argument("--solutions", action="store_true")
    given = parser.parse_args()
    os.environ.pop("BANET_EDU_DATA", None)
    folder = NOTEBOOKS / "solutions" if given.solutions else NOTEBOOKS
    paths = [p for p in sorted(folder.glob("*.ipynb")) if not given.lesson or p.name[:2] in given.lesson]
    print("| lesson | seconds | GB |\n|---|---|---|", flush=True)
    total = 0.0
    for path in paths:
        seconds, memory = measure(path)
        total += seconds
        print(f"| {path.stem} | {seconds:.0f} | {memory:.2f} |", flush=True)
    print(f"| together | {total:.0f} | |")


if __name__ == "__main__":
    main()
