"""Recorded predictions: kept, shown beside the outcome, honest about when they were made; silent notebooks run through."""

from __future__ import annotations

import json

import pytest

from banet_edu.course.predictions import Predictions


@pytest.fixture
def asked() -> Predictions:
    predictions = Predictions("00")
    predictions.choose("sky", "Which colour?", ["blue", "green"])
    predictions.guess("far", "How far?", unit="mm")
    return predictions


def test_unanswered_notebook_runs_to_its_end(asked, capsys):
    asked.compare("sky", "blue", because="Scattering.")
    asked.compare("far", 2.0, tolerance=0.5)
    asked.summary()
    assert capsys.readouterr().out == (
        "No prediction recorded.\nWhat happened:   blue\nScattering.\n"
        "No prediction recorded.\nWhat happened:   2 mm\n"
        "Predictions recorded before the outcome: 0 of 2.\n"
    )


def test_answers_stand_beside_the_outcome(asked, capsys):
    asked.commit("sky", "green")
    asked.commit("far", 2.3)
    asked.compare("sky", "blue")
    asked.compare("far", 2.0, tolerance=0.5)
    asked.summary()
    out = capsys.readouterr().out
    assert "Your prediction: green\nWhat happened:   blue\nNot as predicted." in out
    assert "Your prediction: 2.3 mm\nWhat happened:   2 mm\nAs predicted, to within 0.5 mm." in out
    assert out.endswith("2 of 2, 1 as predicted.\n")


def test_answer_after_the_outcome_is_called_so_and_does_not_count(asked, capsys):
    asked.compare("sky", "blue")
    asked.commit("sky", "blue")
    asked.compare("sky", "blue")
    asked.summary()
    out = capsys.readouterr().out
    assert "Your answer, given after the outcome was shown: blue" in out
    assert out.endswith("0 of 2.\n")


def test_first_answer_counts(asked):
    asked.commit("sky", "green")
    with pytest.raises(ValueError, match="recorded already: green"):
        asked.commit("sky", "blue")


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda p: p.commit("sky", "red"), "'red' is none of the options"),
        (lambda p: p.commit("sea", "blue"), "no question 'sea' was asked"),
        (lambda p: p.compare("sky", "red"), "the outcome 'red' is none of the options"),
        (lambda p: p.choose("one", "?", ["only"]), "two or more different options"),
    ],
)
def test_mistakes_are_said_in_words(asked, call, said):
    with pytest.raises(ValueError, match=said):
        call(asked)


def test_widget_commits_by_button_and_locks(asked):
    widget = asked.choose("sky", "Which <b>colour</b>?", ["blue", "green"])
    assert widget.commit.disabled and "&lt;b&gt;" in widget.children[0].value
    widget.options[0].click()
    widget.options[1].click()
    assert [button.description[0] for button in widget.options] == ["○", "●"]
    widget.commit.click()
    assert asked.recorded["sky"].answer == "green" and asked.recorded["sky"].before
    assert all(button.disabled for button in [*widget.options, widget.commit])
    assert "green" in widget.message.value
    again = asked.choose("sky", "Which colour?", ["blue", "green"])  # its cell is run once more
    assert again.commit.disabled and again.options[1].description == "● green"


def test_typed_number_is_committed(asked):
    widget = asked.guess("far", "How far?", unit="mm")
    widget.field.value = "3,5"
    widget.commit.click()
    assert asked.recorded["far"].answer == 3.5 and widget.field.disabled and widget.field.value == "3.5"


@pytest.mark.parametrize(
    ("typed", "said"),
    [("", "Nothing is typed yet"), ("  ", "Nothing is typed"), ("3 mm", "without its unit"), ("inf", "guess")],
)
def test_an_untouched_box_or_no_number_is_not_recorded(asked, typed, said):
    widget = asked.guess("far", "How far?", unit="mm")
    assert widget.field.value == ""
    widget.field.value = typed
    widget.commit.click()
    assert said in widget.message.value and "far" not in asked.recorded and not widget.commit.disabled


def test_a_number_that_cannot_be_is_not_recorded(asked):
    widget = asked.guess("overlap", "Mean JA?", unit="JA", within=(0, 1))
    widget.field.value = "3"
    widget.commit.click()
    assert "overlap" not in asked.recorded and not widget.commit.disabled
    assert "3 JA cannot be: the answer lies between 0 and 1" in widget.message.value
    widget.field.value = "1"
    widget.commit.click()
    assert asked.recorded["overlap"].answer == 1 and "Recorded:" in widget.message.value


def test_error_of_the_file_shows_in_the_widget(tmp_path):
    predictions = Predictions("00", tmp_path / "missing" / "answers.json")
    widget = predictions.guess("far", "How far?")
    widget.field.value = "1"
    widget.commit.click()
    assert "far" not in predictions.recorded
    assert "No such file" in widget.message.value


def test_file_keeps_answers_of_several_lessons(tmp_path, capsys):
    file = tmp_path / "answers.json"
    for lesson, answer in (("03", "blue"), ("04", "green")):
        predictions = Predictions(lesson, file)
        predictions.choose("sky", "Which colour?", ["blue", "green"])
        predictions.commit("sky", answer)
    again = Predictions("03", file)
    again.choose("sky", "Which colour?", ["blue", "green"])
    again.compare("sky", "blue")
    assert "Your prediction: blue" in capsys.readouterr().out
    kept = json.loads(file.read_text())["04"]["predictions"]["sky"]
    assert (kept["question"], kept["answer"], kept["before"]) == ("Which colour?", "green", True)
    assert [path.name for path in tmp_path.iterdir()] == ["answers.json"]


def test_damaged_file_is_named(tmp_path):
    file = tmp_path / "answers.json"
    file.write_text("{", encoding="utf-8")
    with pytest.raises(ValueError, match=r"answers\.json: holds no predictions"):
        Predictions("03", file)


def test_a_reader_without_a_kernel_gets_the_words(asked):
    bundle = asked.choose("sky", "Which colour?", ["blue", "green"])._repr_mimebundle_()
    assert bundle["text/markdown"] == "**Predict:** Which colour?\n\n- blue\n- green"
    assert bundle["text/plain"] == "Predict: Which colour? blue | green"
    assert "application/vnd.jupyter.widget-view+json" in bundle


def test_what_follows_is_said_after_the_outcome(asked, capsys):
    asked.conclude("So it *scatters*.")
    assert "So it *scatters*." in capsys.readouterr().out


def test_an_answer_closes_every_widget_of_its_question(asked):
    first, second = asked.choose("sky", "Which colour?", ["blue", "green"]), asked.ask("sky")
    second.options[0].click()
    second.commit.click()
    assert first.commit.disabled and first.options[0].description == "● blue"


def test_an_outcome_seen_in_an_earlier_kernel_is_remembered(tmp_path, capsys):
    file = tmp_path / "answers.json"
    for _ in range(2):
        predictions = Predictions("03", file)
        predictions.choose("sky", "Which colour?", ["blue", "green"])
        if not predictions.is_open("sky"):
            predictions.commit("sky", "blue")
        predictions.compare("sky", "blue")
    assert "Your answer, given after the outcome was shown: blue" in capsys.readouterr().out


def test_answers_kept_by_the_first_edition_are_read(tmp_path):
    file = tmp_path / "answers.json"
    file.write_text('{"03": {"sky": {"answer": "blue", "before": true}}}', encoding="utf-8")
    assert Predictions("03", file).recorded["sky"].answer == "blue"


def test_the_environment_names_the_file(tmp_path, monkeypatch):
    monkeypatch.setenv("BANET_EDU_PREDICTIONS", str(tmp_path / "answers.json"))
    predictions = Predictions("03")
    predictions.guess("far", "How far?")
    predictions.commit("far", 2)
    assert Predictions("03").recorded["far"].answer == 2


def test_a_guess_at_either_end_of_the_tolerance_is_as_predicted(capsys):
    for answer in (0.15, 0.75):
        predictions = Predictions("00")
        predictions.guess("worst", "How far?", unit="mm")
        predictions.commit("worst", answer)
        predictions.compare("worst", 0.45, tolerance=0.3)
        assert "As predicted, to within 0.3 mm." in capsys.readouterr().out


def test_the_first_answer_counts_whoever_wrote_it(tmp_path, capsys):
    file = tmp_path / "answers.json"
    first, second = Predictions("03", file), Predictions("03", file)
    for predictions in (first, second):
        predictions.choose("sky", "Which colour?", ["blue", "green"])
    first.commit("sky", "blue")
    with pytest.raises(ValueError, match="recorded already: blue"):
        second.commit("sky", "green")
    first.compare("sky", "blue")
    again = Predictions("03", file)
    again.choose("sky", "Which colour?", ["blue", "green"])
    again.summary()
    assert capsys.readouterr().out.endswith("1 of 1, 1 as predicted.\n")


def test_an_answer_after_another_kernel_showed_the_outcome_is_late(tmp_path):
    file = tmp_path / "answers.json"
    first, second = Predictions("03", file), Predictions("03", file)
    for predictions in (first, second):
        predictions.choose("sky", "Which colour?", ["blue", "green"])
    first.compare("sky", "blue")
    second.commit("sky", "blue")
    assert not second.recorded["sky"].before


def test_in_a_kernel_the_first_cell_may_be_run_again(monkeypatch, capsys):
    from types import SimpleNamespace

    from banet_edu.course import predictions as room

    kernel = SimpleNamespace()
    monkeypatch.setattr(room, "get_ipython", lambda: kernel)
    monkeypatch.setattr(room, "hold_outcomes", lambda predictions: None)
    first = Predictions("03")
    widget = first.choose("sky", "Which colour?", ["blue", "green"])
    again = Predictions("03")
    widget.options[0].click()
    widget.commit.click()
    again.compare("sky", "blue")
    again.summary()
    assert "Your prediction: blue" in (out := capsys.readouterr().out) and out.endswith("1 of 1, 1 as predicted.\n")
    assert not Predictions("04").recorded
