"""What a student answered, kept in one JSON file: `banet-edu lab --predictions FILE` names it, `banet-edu class` reads many.

    {"03": {"predictions": {"blur": {"question": ..., "options": [...], "answer": ..., "before": true, "outcome": ...}},
            "checks": {"check_edge": {"tries": 3, "passed_at": 3, "said": ["my_edge gives nothing back.", ...]}},
            "quiz": {"What is 0?": {"answer": "an even map", "right": true}}}}

The file holds answers and nothing about who gave them: its name is all that tells.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

from banet_edu.storage import write_text

VARIABLE = "BANET_EDU_PREDICTIONS"  # the file's name, for every lesson that is opened in this environment
KINDS = ("predictions", "checks", "quiz")
_LESSON = re.compile(r"\d\d")

Answers = dict[str, dict[str, dict[str, dict[str, Any]]]]  # lesson -> kind -> name -> what is known


class Record:
    """The answers of one lesson in a file that others share.

    Args:
        lesson: its number, such as "03".
        file: the JSON file; None: the one that the environment names (`BANET_EDU_PREDICTIONS`), or none at all, and nothing
            is kept.
    """

    def __init__(self, lesson: str, file: str | Path | None = None) -> None:
        named = os.environ.get(VARIABLE) if file is None else file
        self.lesson, self.file = lesson, Path(named) if named else None

    def read(self, kind: str) -> dict[str, dict[str, Any]]:
        """What is kept of a kind, by name. ValueError that names the file where it is no record."""
        if self.file is None or not self.file.is_file():
            return {}
        return read_answers(self.file).get(self.lesson, {}).get(kind, {})

    def keep(self, kind: str, name: str, **known: Any) -> None:
        """Add to what is known of a name. Other lessons' answers stay; a reader sees the old file or the new one.

        Raises FileNotFoundError for a folder that is not there (a mistyped one is not made), OSError and ValueError.
        """
        if self.file is None:
            return
        if not self.file.parent.is_dir():
            raise FileNotFoundError(f"{self.file.parent}: No such file or directory")
        with _alone(self.file):  # two lessons may be open at once, each in a kernel of its own
            kept = read_answers(self.file) if self.file.is_file() else {}
            entry = kept.setdefault(self.lesson, {}).setdefault(kind, {}).setdefault(name, {})
            entry.update(known)
            write_text(self.file, json.dumps(kept, indent=1, ensure_ascii=False), over=True)


def came_true(answer: Any, outcome: Any, tolerance: float = 0) -> bool:
    """Whether an answer is as what happened: the same option, or a number at most `tolerance` away.

    >>> came_true("blue", "green"), came_true(0.15, 0.45, 0.3)
    (False, True)
    """
    if isinstance(outcome, str) or isinstance(answer, str):
        return bool(answer == outcome)
    return abs(float(answer) - float(outcome)) <= tolerance + 1e-9  # 0.45 - 0.15 is a little more than 0.3


@contextmanager
def _alone(file: Path) -> Iterator[None]:
    """No other process changes `file` meanwhile. The lock lies where nobody hands it in; without one it goes on unguarded."""
    import filelock

    name = sha256(os.fsencode(file.resolve())).hexdigest()[:16]
    with ExitStack() as held:
        with suppress(OSError, NotImplementedError):  # filelock's Timeout is an OSError
            lock = filelock.FileLock(Path(tempfile.gettempdir()) / f"banet-edu-{name}.lock")
            held.enter_context(lock.acquire(timeout=10))
        yield


def read_answers(file: str | Path) -> Answers:
    """A student's file. ValueError that names it where it is no such file."""
    path = Path(file)
    try:
        kept = json.loads(path.read_text(encoding="utf-8-sig"))
        lessons = {lesson: _kinds(answers) for lesson, answers in kept.items() if _LESSON.fullmatch(lesson)}
        if len(lessons) < len(kept):
            raise ValueError("other keys than lessons' numbers")
    except (ValueError, TypeError, AttributeError):
        raise ValueError(
            f"{path}: holds no predictions that can be read: damaged, or no file of `banet-edu lab --predictions FILE`; to go "
            "on without them name another FILE"
        ) from None
    return lessons


def _kinds(answers: Mapping[str, Any]) -> dict[str, dict[str, dict[str, Any]]]:
    if not answers.keys() <= set(KINDS):  # as written before checks were kept: the predictions alone
        answers = {"predictions": answers}
    kinds = {kind: {name: dict(known) for name, known in named.items()} for kind, named in answers.items()}
    for kind, named in kinds.items():
        for known in named.values():
            if not _sound(kind, known):
                raise ValueError(f"{kind} with an entry of another form")
    return kinds


def _sound(kind: str, known: Mapping[str, Any]) -> bool:
    if kind == "checks":
        return isinstance(known.get("tries", 0), int) and isinstance(known.get("passed_at") or 0, int)
    if kind == "quiz":
        return isinstance(known.get("right", False), bool)
    # Answer and outcome need not be of one kind: another edition of a lesson may ask for a number instead of an option.
    said = [known[key] for key in ("answer", "outcome") if key in known]
    return isinstance(known.get("before", True), bool) and all(type(each) in (str, int, float) for each in said)
