"""Files are written all or nothing, never over somebody's work; tables and names do no harm."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import torch

from banet_edu.storage import (
    check_folder,
    files,
    harmless,
    locked,
    may_write,
    printable,
    remove,
    write_bytes,
    write_table,
    write_text,
    written,
)
from banet_edu.storage.tensors import read_tensors, write_tensors


def test_what_was_written_here_is_replaced_and_what_was_changed_since_is_not(tmp_path):
    path = write_text(tmp_path / "deep" / "a.txt", "first")
    assert write_text(path, "second").read_text() == "second"
    assert written(path.parent) == {"a.txt"}
    path.write_text("mine now")
    for ask in (lambda: write_text(path, "third"), lambda: may_write(path)):
        with pytest.raises(
            FileExistsError, match=r"a\.txt: is there already and was not written by banet-edu, or was changed"
        ):
            ask()
    assert path.read_text() == "mine now" and written(path.parent) == set()
    assert write_text(path, "read and kept", over=True).read_text() == "read and kept"
    remove(path)
    assert not path.exists()


def test_somebodys_own_file_is_neither_replaced_nor_removed(tmp_path):
    own = tmp_path / "own.png"
    own.write_bytes(b"theirs")
    with pytest.raises(FileExistsError, match=r"own\.png"):
        write_bytes(own, b"ours")
    with pytest.raises(FileExistsError, match=r"own\.png"):
        remove(own)
    assert own.read_bytes() == b"theirs"
    assert write_bytes(own, b"theirs") == own  # nothing would change
    with pytest.raises(FileExistsError):
        write_bytes(own, b"ours")  # and it is still theirs


def test_a_copied_folder_without_its_marks_is_somebodys_own(tmp_path):
    path = write_text(tmp_path / "a.txt", "first")
    (tmp_path / ".banet-edu").unlink()
    with pytest.raises(FileExistsError):
        write_text(path, "second")


def test_folders_pipes_and_links_are_refused(tmp_path):
    with pytest.raises(IsADirectoryError, match="name a file"):
        may_write(tmp_path)
    if os.name != "posix":
        pytest.skip("links and pipes are made on POSIX systems only")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    with pytest.raises(FileExistsError, match="broken link"):
        may_write(tmp_path / "link")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(FileExistsError, match="pipe"):
        write_text(tmp_path / "pipe", "a")


def test_a_full_disk_names_the_file_and_leaves_the_old_one(tmp_path, monkeypatch):
    path = write_text(tmp_path / "a.txt", "first")

    def full(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match=r"a\.txt: cannot be written \(No space left on device\)"):
        write_text(path, "second")
    assert path.read_text() == "first"
    assert sorted(file.name for file in tmp_path.iterdir()) == [".banet-edu", "a.txt"]


def test_what_a_killed_process_left_half_written_is_swept(tmp_path):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    for pid in (ended.pid, os.getppid()):
        (tmp_path / f".a.txt.{pid}.partial").write_text("half")
    write_text(tmp_path / "a.txt", "whole")
    assert [file.name for file in tmp_path.glob(".*partial")] == [f".a.txt.{os.getppid()}.partial"]  # at work still
    with locked(tmp_path):
        assert not list(tmp_path.glob(".*partial"))


def test_a_folder_is_for_one_process(tmp_path):
    hold = (
        "import sys, time; from banet_edu.storage import locked\n"
        "with locked(sys.argv[1]): print('held', flush=True); time.sleep(60)"
    )
    other = subprocess.Popen([sys.executable, "-c", hold, str(tmp_path / "run")], stdout=subprocess.PIPE, text=True)
    assert other.stdout is not None and other.stdout.readline() == "held\n"
    try:
        with pytest.raises(BlockingIOError, match="run: another process is at work there"), locked(tmp_path / "run"):
            pass
    finally:
        other.kill()
        other.wait()
    with locked(tmp_path / "run"):  # a killed process holds nothing
        pass


def test_a_place_to_write_is_asked_for_without_leaving_anything(tmp_path):
    check_folder(tmp_path / "a" / "b")
    assert not list(tmp_path.iterdir())
    (tmp_path / "file").write_text("")
    with pytest.raises(NotADirectoryError, match="file is a file, no folder"):
        check_folder(tmp_path / "file" / "b")
    with pytest.raises(PermissionError, match="name another folder"):
        check_folder("/proc/none/b")


def test_names_do_no_harm_in_a_table_or_a_terminal(tmp_path):
    assert [harmless(name) for name in ("=1+1", "+a", "-a", "@a", "a=b")] == ["'=1+1", "'+a", "'-a", "'@a", "a=b"]
    assert printable("a\x1b[31m\u202eb\udc80\nc") == "a\\x1b[31m\\u202eb\\udc80\nc"
    table = pd.DataFrame({"image": ["=cmd|'/c calc'!A1", "a\x1b[2J"], "area": [1.5, -2.0]})
    path = write_table(tmp_path / "t.csv", table)
    assert path.read_text() == "image,area\n'=cmd|'/c calc'!A1,1.5\na\\x1b[2J,-2.0\n"


def test_names_that_are_no_utf8_are_written_and_remembered(tmp_path):
    name = os.fsdecode(b"caf\xe9\n.txt")
    path = write_text(tmp_path / name, f"of {name}")
    assert write_text(path, "again").read_text() == "again"
    assert written(tmp_path) == {name}


def test_a_drive_that_is_not_there_ends_the_search(tmp_path, monkeypatch):
    monkeypatch.setattr("os.path.lexists", lambda path: False)  # as for E:\\results without its stick
    with pytest.raises(FileNotFoundError, match=r"there is no .*; name another folder"):
        check_folder(tmp_path / "results")


def test_a_file_that_is_held_for_a_moment_is_waited_for(tmp_path, monkeypatch):
    held, replace = [3], os.replace

    def replace_later(old, new):
        held[0] -= 1
        if held[0] > 0:
            raise PermissionError(13, "Access is denied")
        replace(old, new)

    monkeypatch.setattr(files, "_WAITS", (0.0, 0.0))
    monkeypatch.setattr("os.replace", replace_later)
    assert write_text(tmp_path / "a.txt", "first").read_text() == "first"
    held[0] = 4
    with pytest.raises(PermissionError, match=r"a\.txt: cannot be written \(Access is denied\)"):
        write_text(tmp_path / "a.txt", "second")
    assert (tmp_path / "a.txt").read_text() == "first" and written(tmp_path) == {"a.txt"}


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="only Linux tells what is mapped")
def test_tensors_that_were_read_keep_no_file_mapped(tmp_path):
    """Windows neither replaces nor deletes a mapped file: a run that goes on could not save itself."""
    path = write_tensors(tmp_path / "last.safetensors", {"step": torch.ones(3)}, {})
    tensors, _ = read_tensors(path)
    assert str(path) not in Path("/proc/self/maps").read_text()
    assert tensors["step"].tolist() == [1, 1, 1]
