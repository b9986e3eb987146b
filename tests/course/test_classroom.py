"""A class of thirty generated copies, from their files to the pages for the projector."""

from __future__ import annotations

import random

import pandas as pd
import pytest
from typer.testing import CliRunner

from banet_edu.cli.main import app
from banet_edu.course.classroom import class_table, question_figure, questions, read_class
from banet_edu.course.lesson03.exercise import check_edge
from banet_edu.course.predictions import Predictions
from banet_edu.course.quiz import lesson_quiz
from banet_edu.course.record import VARIABLE


@pytest.fixture
def handed_in(tmp_path, monkeypatch):
    """Thirty students: five late, three who skip the second question, one damaged file, two with the same file name."""
    chance = random.Random(0)
    for number in range(30):
        folder = tmp_path / "handed-in" / (f"s{number}" if number < 2 else ".")
        folder.mkdir(parents=True, exist_ok=True)
        monkeypatch.setenv(VARIABLE, str(folder / ("my_answers.json" if number < 2 else f"s{number}.json")))
        predictions = Predictions("03")
        predictions.choose("stage", "Which stage loses most?", ["stage 1", "stage 4"])
        predictions.guess("off", "In how many images?", unit="images", within=(0, 30))
        if number < 25:
            predictions.commit("stage", chance.choice(["stage 1", "stage 4"]))
        predictions.compare("stage", "stage 1")
        if number >= 25:
            predictions.commit("stage", "stage 1")
        if number >= 3:
            predictions.commit("off", number % 7)
        predictions.compare("off", 4, tolerance=1)
        if number % 2:
            check_edge(lambda R, k: R)
            lesson_quiz("03").answer(0, 0)
    (tmp_path / "handed-in" / "torn.json").write_text("{", encoding="utf-8")
    monkeypatch.delenv(VARIABLE)
    return tmp_path / "handed-in"


def test_every_answer_is_read_and_judged(handed_in):
    students, unread = read_class(handed_in)
    assert len(students) == 30 and {"s0", "s1", "s2", "s29"} <= students.keys()
    assert [path.name for path in unread] == ["torn.json"]
    table = class_table(students)
    asked = questions(students)
    assert list(asked) == [("03", "stage"), ("03", "off")]
    stage, off = (table[(table["kind"] == "predictions") & (table["name"] == name)] for name in ("stage", "off"))
    assert len(stage) == 30 and (stage["before"] == False).sum() == 5  # noqa: E712
    assert off["answer"].notna().sum() == 27 and len(off) == 30
    assert off["right"].dropna().sum() == sum(abs(n % 7 - 4) <= 1 for n in range(3, 30))
    assert (table["kind"] == "checks").sum() == (table["kind"] == "quiz").sum() == 15


def test_a_page_counts_the_answers_and_marks_the_outcome_unless_hidden(handed_in):
    students, _ = read_class(handed_in)
    table = class_table(students)
    asked = questions(students)["03", "stage"]
    given = table[table["name"] == "stage"]

    def texts(**how):
        [axes] = question_figure("03", asked, given, **how).axes
        return [text.get_text() for text in axes.texts]

    early = given[given["before"].astype(bool)]["answer"].value_counts()
    assert texts() == [f"{early['stage 1']}   ← what happened", str(early["stage 4"])]
    assert texts(outcome=False) == [str(early["stage 1"]), str(early["stage 4"])]


def test_the_command_prints_and_draws_without_names(handed_in, tmp_path):
    pdf, csv = tmp_path / "class.pdf", tmp_path / "class.csv"
    result = CliRunner().invoke(app, ["class", str(handed_in), "--out", str(pdf), "--table", str(csv)])
    assert result.exit_code == 0, result.output
    assert "30 students" in result.output and "<- what happened" in result.output and "torn.json" in result.output
    assert pdf.read_bytes().count(b"/Type /Page\n") + pdf.read_bytes().count(b"/Type /Page ") == 3
    assert b"s29" not in pdf.read_bytes() and len(pd.read_csv(csv)) == 90
    hidden = CliRunner().invoke(app, ["class", str(handed_in), "--hide", "--out", str(tmp_path / "hidden.pdf")])
    assert "what happened" not in hidden.output


def test_a_folder_without_answers_says_how_to_get_them(tmp_path):
    with pytest.raises(FileNotFoundError, match="lab --predictions FILE"):
        read_class(tmp_path)


def test_a_lesson_that_nobody_answered(handed_in):
    result = CliRunner().invoke(app, ["class", str(handed_in), "--lesson", "07"])
    assert "nobody has answered anything in lesson '07'" in str(result.exception)
