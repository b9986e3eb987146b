"""An outcome that was not predicted waits where a person sits before the notebook, and nowhere else."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from IPython.core.interactiveshell import InteractiveShell

from banet_edu.course import holding
from banet_edu.course.holding import Held

ASK = """
from banet_edu.course.predictions import Predictions
predictions = Predictions("00")
predictions.choose("sky", "Which colour?", ["blue", "green"]);
"""
OUTCOME = """
print("measured")
predictions.compare("sky", "blue", because="Scattering.")
predictions.conclude("So it *scatters*.")
"""


@pytest.fixture
def shell(monkeypatch):
    """A shell with a person before it, and the widgets that it displays."""
    shell = InteractiveShell()
    shown: list[object] = []
    monkeypatch.setattr(holding, "get_ipython", lambda: shell)
    monkeypatch.setattr(holding, "someone_is_there", lambda: True)
    monkeypatch.setattr(holding, "display", shown.append)
    monkeypatch.setattr(holding, "_WATCHING", {})
    return SimpleNamespace(run=shell.run_cell, names=shell.user_ns, shown=shown)


def texts(held: Held) -> list[str]:
    return [o["text"] if o["output_type"] == "stream" else o["data"]["text/plain"] for o in held.shown.outputs]


def test_an_answer_lets_the_outcome_appear(shell, capsys):
    shell.run(ASK)
    shell.run(OUTCOME)
    [held] = shell.shown
    assert "measured" not in capsys.readouterr().out and held.shown.outputs == ()
    held.asks[0].options[1].click()
    held.asks[0].commit.click()
    first, compared, concluded = texts(held)
    assert first == "measured\n" and concluded == "So it *scatters*."
    assert compared.startswith("Your prediction: green\nWhat happened:   blue\n") and "Scattering." in compared
    assert shell.names["predictions"].recorded["sky"].before


def test_so_does_the_button_and_a_later_answer_is_called_late(shell):
    shell.run(ASK)
    shell.run(OUTCOME)
    [held] = shell.shown
    held.show.click()
    assert texts(held)[1].startswith("No prediction recorded.")
    shell.names["predictions"].commit("sky", "blue")
    assert not shell.names["predictions"].recorded["sky"].before


def test_an_answered_question_holds_nothing(shell, capsys):
    shell.run(ASK + 'predictions.commit("sky", "blue")')
    shell.run(OUTCOME)
    assert shell.shown == [] and "As predicted." in capsys.readouterr().out


def test_an_error_is_not_hidden_with_what_led_to_it(shell):
    shell.run(ASK)
    shell.run(OUTCOME + "1 / 0")
    [held] = shell.shown
    assert texts(held)[0].startswith("measured\n") and "ZeroDivisionError" in texts(held)[0]


def test_a_notebook_that_is_run_through_is_not_held(shell, monkeypatch, capsys):
    monkeypatch.setattr(holding, "someone_is_there", lambda: False)
    shell.run(ASK)
    shell.run(OUTCOME)
    assert shell.shown == [] and "No prediction recorded.\nWhat happened:   blue" in capsys.readouterr().out
