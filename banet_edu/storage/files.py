"""Files written all or nothing, and never over somebody's work.

What is written is remembered beside it, in `.banet-edu`, by its SHA-256. A file that is there already is replaced where it
is one of these; what somebody else made, or changed since, is refused by name.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from glob import escape
from pathlib import Path
from typing import TYPE_CHECKING
from unicodedata import category

if TYPE_CHECKING:
    import pandas as pd

MARKS = ".banet-edu"  # lines of `sha256sum`: what was written in this folder
_LOCK, _PARTIAL = ".banet-edu.lock", ".partial"
_WAITS = (0.05, 0.1, 0.2, 0.4, 0.5, 0.8) if os.name == "nt" else ()  # seconds


def may_write(*paths: str | Path) -> None:
    """Nothing, where each of `paths` is free or holds what was written here and left as it was.

    To be asked before long work. FileExistsError names the first file that is somebody's own, IsADirectoryError a folder.
    """
    for path in map(Path, paths):
        if path.is_dir():
            raise IsADirectoryError(f"{path}: is a folder; name a file")
        if not os.path.lexists(path):
            continue
        if not path.is_file():
            raise FileExistsError(f"{path}: is no regular file (a pipe, a device or a broken link); name another")
        if sha256(path) not in _marks(path.parent).get(_line(path.name), ()):
            raise FileExistsError(
                f"{path}: is there already and was not written by banet-edu, or was changed since; it is left as it is: move "
                "it away, or write elsewhere"
            )


def write_bytes(path: str | Path, data: bytes, *, over: bool = False) -> Path:
    """Write a file all or nothing; folders are made.

    Args:
        over: what is there may go, whoever wrote it: the caller has read it and keeps what it holds.

    Raises FileExistsError as `may_write` does, but where the very same bytes are there; OSError with the file's name where
    it cannot be written.
    """
    path = Path(path)
    digest = hashlib.sha256(data).hexdigest()
    if not over:
        if path.is_file() and path.stat().st_size == len(data) and sha256(path) == digest:
            return path
        may_write(path)
    partial = path.with_name(f".{path.name}.{os.getpid()}{_PARTIAL}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        for left in path.parent.glob(f".{escape(path.name)}.*{_PARTIAL}"):
            _sweep(left)
        with open(partial, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if not over:  # The mark comes first: killed in between, both the old file and the new one are known.
            _patiently(lambda: _mark(path, digest))
        _patiently(lambda: os.replace(partial, path))
    except OSError as error:
        raise type(error)(f"{path}: cannot be written ({error.strerror or error})") from error
    finally:
        with suppress(OSError):  # swept later
            partial.unlink(missing_ok=True)
    return path


def _patiently(action: Callable[[], object]) -> None:
    """Do it; on Windows again for two seconds where a virus scanner or a synchronising disk (OneDrive) holds the file."""
    for wait in _WAITS:
        try:
            action()
            return
        except PermissionError:
            time.sleep(wait)
    action()


def _mark(path: Path, digest: str) -> None:
    with open(path.with_name(MARKS), "a", encoding="utf-8") as marks:
        marks.write(f"{digest}  {_line(path.name)}\n")


def write_text(path: str | Path, text: str, *, over: bool = False) -> Path:
    """`write_bytes` of a text as UTF-8."""
    return write_bytes(path, text.encode("utf-8", "backslashreplace"), over=over)  # names may be no UTF-8


def write_table(path: str | Path, table: pd.DataFrame) -> Path:
    """`write_text` of a table as CSV. Text that a spreadsheet would take for a formula gets an apostrophe before it, control
    characters are spelled out: names of files are somebody else's."""
    shown = table.copy()
    for column in shown.columns:
        shown[column] = [harmless(value) if isinstance(value, str) else value for value in shown[column]]
    return write_text(path, shown.to_csv(index=False))


def harmless(text: str) -> str:
    """As `write_table` writes a text into a cell.

    >>> harmless("=1+1.png"), harmless("a\\x1b[31m.png")
    ("'=1+1.png", 'a\\\\x1b[31m.png')
    """
    spelled = printable(text)
    return f"'{spelled}" if spelled.startswith(("=", "+", "-", "@")) else spelled


def printable(text: str) -> str:
    """A text with its control characters, and bytes that are no text, spelled out; line ends stay."""
    return "".join(
        char.encode("unicode_escape").decode() if char != "\n" and category(char) in ("Cc", "Cf", "Cs") else char
        for char in text
    )


def remove(path: str | Path) -> None:
    """Delete a file that was written here, if it is there, on request even where it was changed or damaged since;
    FileExistsError where nothing of this name ever was."""
    path = Path(path)
    if _line(path.name) not in _marks(path.parent):
        may_write(path)
    _patiently(lambda: path.unlink(missing_ok=True))


def written(folder: Path) -> set[str]:
    """Names of the files in `folder` that were written here and are as they were."""
    known = _marks(folder)
    files = [file for file in folder.iterdir() if _line(file.name) in known and file.is_file()] if known else []
    return {file.name for file in files if sha256(file) in known[_line(file.name)]}


def check_folder(folder: str | Path) -> None:
    """Nothing, where files can be written into `folder`, or it can be made; to be asked before long work.

    FileNotFoundError, NotADirectoryError or PermissionError otherwise.
    """
    missing: list[Path] = []
    there = Path(folder).absolute()
    while not os.path.lexists(there):
        if there.parent == there:  # a drive or a share that is not there
            raise FileNotFoundError(f"{folder}: there is no {there}; name another folder")
        missing.append(there)
        there = there.parent
    if not there.is_dir():
        raise NotADirectoryError(f"{folder}: {there} is a file, no folder; name another")
    made: list[Path] = []
    try:
        for path in reversed(missing):
            path.mkdir(exist_ok=True)  # another process may be as far
            made.append(path)
        if not os.access(made[-1] if made else there, os.W_OK):
            raise PermissionError
    except OSError:
        raise PermissionError(f"{folder}: nothing can be written into {there}; name another folder") from None
    finally:
        with suppress(OSError):  # somebody has put something into it
            for path in reversed(made):  # until there is something to put into it
                path.rmdir()


@contextmanager
def locked(folder: str | Path) -> Iterator[None]:
    """`folder`, made where it is not there, for this process alone; what a killed one left half-written is swept.

    BlockingIOError where another process is at work in it.
    """
    import filelock

    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(folder / _LOCK)
        lock.acquire(timeout=0)
    except NotImplementedError:
        pass  # a network disk that knows no locks: better unguarded than not at all
    except filelock.Timeout:
        raise BlockingIOError(
            f"{folder}: another process is at work there; wait for it, or use another folder"
        ) from None
    except OSError as error:
        raise type(error)(f"{folder}: cannot be written to ({error.strerror or error}); use another folder") from None
    try:
        for partial in folder.glob(f".*{_PARTIAL}"):
            partial.unlink(missing_ok=True)
        yield
    finally:
        lock.release()


def _sweep(partial: Path) -> None:
    """Delete what a process left half-written, where that process is gone."""
    pid = partial.name.split(".")[-2]
    if os.name != "posix" or not pid.isdecimal():
        return  # elsewhere nobody can be asked for without being stopped
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        partial.unlink(missing_ok=True)
    except OSError:
        pass  # somebody else's, and alive


def _line(name: str) -> str:
    """A file's name in one line of text, whatever it is made of."""
    return printable(name).replace("\n", "\\n")


def _marks(folder: Path) -> dict[str, set[str]]:
    """{name: SHA-256 of everything ever written under it} of a folder."""
    try:
        lines = (folder / MARKS).read_text(encoding="utf-8").splitlines()
    except (FileNotFoundError, NotADirectoryError):
        return {}
    known: dict[str, set[str]] = {}
    for digest, name in (line.split("  ", 1) for line in lines if "  " in line):
        known.setdefault(name, set()).add(digest)
    return known


def sha256(path: Path) -> str:
    """Of a file's content, as hexadecimal digits."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
