"""Where the commands print to, and how they say that something went wrong."""

from __future__ import annotations

import codecs
import os
import sys
import warnings
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from banet_edu.storage import printable

if TYPE_CHECKING:
    from banet_edu.datasets.dataset import Dataset


class _Harmless(Console):
    """Spells out control characters in whatever is printed: a file's name may hold those that move a terminal's cursor.

    Where nobody listens any more (`banet-edu ... | head`), nothing is printed and the work goes on.
    """

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        for segment in super().render(renderable, options):
            yield segment if segment.control else Segment(printable(segment.text), segment.style)

    def on_broken_pipe(self) -> None:  # rich's own ends the process
        self.quiet = True
        # What is left unwritten then raises nothing at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), self.file.fileno())


# Of several processes (`torchrun`, `accelerate launch`) the first one speaks for all; an error each says itself.
FIRST = os.environ.get("WORLD_SIZE", "1") == "1" or os.environ.get("RANK", "0") == "0"
out = _Harmless(highlight=False, quiet=not FIRST)
err = _Harmless(stderr=True, highlight=False)


_PLAIN = {"−": "-", "–": "-", "→": "->", "×": "x", "±": "+-", "·": "-"}


def _plainly(error: UnicodeError) -> tuple[str, int]:
    """What stands in for characters that a terminal or a file does not know."""
    assert isinstance(error, UnicodeEncodeError)
    return "".join(_PLAIN.get(char, "?") for char in error.object[error.start : error.end]), error.end


codecs.register_error("plain", _plainly)


def prepare_streams() -> None:
    """A terminal that knows few characters gets others like them, or a question mark, instead of an error after the work."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure: Any = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="plain")


def say_warnings() -> None:
    """Warnings of ours on one line each, every time: Python shows where they arose too, and the same one once only. Those of
    libraries as ever."""
    as_ever = warnings.showwarning

    def show(message: Any, category: Any, filename: str, *rest: Any) -> None:
        if f"{os.sep}banet_edu{os.sep}" in filename:
            warn(str(message))
        else:
            as_ever(message, category, filename, *rest)

    warnings.showwarning = show  # type: ignore[assignment]
    warnings.filterwarnings("always", category=UserWarning, module=r"banet_edu\.")


def say_error(sentence: str, hint: str = "") -> None:
    """Print one sentence in red on stderr, unwrapped, so that file names can be copied and searched for."""
    err.print(f"Error: {sentence}", style="red", markup=False, soft_wrap=True)
    if hint:
        err.print(hint, style="dim", markup=False, soft_wrap=True)


def warn(sentence: str) -> None:
    """Print one sentence in yellow on stderr."""
    if FIRST:
        err.print(sentence, style="yellow", markup=False, soft_wrap=True)


def warn_replaced(names: Sequence[str]) -> None:
    """Says that earlier results of other pictures were written over, if any were."""
    if names:
        warn(
            f"earlier results of other pictures with the same names were replaced: {first_of(names)}; an --out for each "
            "folder of pictures keeps both"
        )


def first_of(names: Sequence[str], most: int = 5) -> str:
    """The first few of many names.

    >>> first_of(["a", "b"]), first_of(["a", "b", "c"], most=2)
    ('a, b', 'a, b ...')
    """
    return ", ".join(names[:most]) + (" ..." if len(names) > most else "")


def show_left_out(dataset: Dataset) -> None:
    """Name the files that `--skip-bad` and the cases that `--exclude-empty` left out, if any."""
    for problem in dataset.problems:
        warn(f"left out: {problem}")
    if dataset.excluded:
        warn(f"without foreground, left out: {', '.join(dataset.excluded)}")
