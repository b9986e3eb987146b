"""The command as a whole: help at once, errors in one sentence."""

from __future__ import annotations

import os
import subprocess
import sys
import warnings

import pytest

from banet_edu.cli import lab
from banet_edu.cli.console import say_warnings

COMMANDS = ("demo", "train", "compare", "predict", "data check", "data make", "doctor", "lab")


def test_help_loads_nothing_heavy():
    code = "import sys, banet_edu.cli.main; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"torch", "numpy", "pandas", "cv2", "PIL", "scipy", "matplotlib", "IPython"} & set(loaded)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself_with_an_example(banet_edu, command):
    code, out, _ = banet_edu(*command.split(), "--help")
    assert code == 0
    assert "Usage: banet-edu" in out
    assert "Example" in out


def test_version(banet_edu):
    from banet_edu import __version__

    assert banet_edu("--version")[:2] == (0, f"banet-edu {__version__}\n")


@pytest.mark.parametrize(
    "error, sentence",
    [
        (ValueError("a.png: is empty"), "Error: a.png: is empty\n"),
        (FileNotFoundError("x: no such folder"), "Error: x: no such folder\n"),
        (KeyError("no case 'b'"), "Error: no case 'b'\n"),
        (FloatingPointError("the loss is nan at step 3"), "Error: the loss is nan at step 3\n"),
        (AttributeError("no b"), "Error: AttributeError: no b\n"),  # not raised on purpose: the type helps a report
        (ValueError(), "Error: ValueError: \n"),
    ],
)
def test_errors_are_one_sentence_without_traceback(banet_edu, monkeypatch, error, sentence):
    def fail():
        raise error

    monkeypatch.setattr(lab, "find_notebooks", fail)
    code, out, err = banet_edu("lab")
    assert code == 1
    assert out == ""
    assert err.startswith(sentence)
    assert "Traceback" not in err


def test_file_names_with_brackets_are_not_taken_for_markup(banet_edu):
    _, _, err = banet_edu("lab", "no[red]where")
    assert "no[red]where" in err


@pytest.mark.parametrize("how", ["option", "variable"])
def test_debug_lets_the_error_through(banet_edu, monkeypatch, how):
    monkeypatch.setenv("BANET_EDU_DEBUG", "1" if how == "variable" else "")
    arguments = ["--debug"] if how == "option" else []
    with pytest.raises(FileNotFoundError, match="nowhere"):
        banet_edu(*arguments, "lab", "nowhere")


def test_wrong_command_line_ends_with_2(banet_edu):
    code, _, err = banet_edu("demo", "--nonsense")
    assert code == 2
    assert "--nonsense" in err


def test_ctrl_c_repeats_what_training_says_about_resuming(banet_edu, monkeypatch):
    def stop():
        raise KeyboardInterrupt("stopped at step 3, state saved in runs/x")

    monkeypatch.setattr(lab, "find_notebooks", stop)
    code, _, err = banet_edu("lab")
    assert code == 130
    assert err == "Stopped: stopped at step 3, state saved in runs/x\n"


def test_a_file_that_knows_few_characters_gets_others_like_them(tmp_path):
    code = "from banet_edu.cli.console import prepare_streams; prepare_streams(); print('a − b is ±0.1 → 3 × 4 é 中')"
    for encoding, said in {
        "ascii": b"a - b is +-0.1 -> 3 x 4 ? ?",
        "cp1252": "a - b is ±0.1 -> 3 × 4 é ?".encode("cp1252"),
    }.items():
        result = subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONIOENCODING": encoding},
            capture_output=True,
            check=True,
        )
        assert result.stdout.strip() == said


def test_a_warning_of_ours_is_one_line_and_said_every_time(capsys):
    as_ever = []

    def warning_of(module, path):
        lines = "import warnings\nfor _ in range(2): warnings.warn('no CUDA graph of it', stacklevel=1)"
        exec(compile(lines, path, "exec"), {"__name__": module})

    with warnings.catch_warnings():
        warnings.resetwarnings()
        warnings.showwarning = lambda message, category, filename, lineno, file=None, line=None: as_ever.append(
            filename
        )
        say_warnings()
        warning_of("banet_edu.study.compare", "/somewhere/banet_edu/study/compare.py".replace("/", os.sep))
        assert capsys.readouterr().err == "no CUDA graph of it\n" * 2
        warning_of("elsewhere", "/somewhere/else.py")
        assert as_ever == ["/somewhere/else.py"] and capsys.readouterr().err == ""
