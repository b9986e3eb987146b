"""A class of thirty generated copies, from their files to the pages for the projector."""

from __future__ import annotations

import json
import random

import pandas as pd
import pytest
from benchmark_scripts import ROOT
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


def one(folder, name, lesson="03", **known):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    kept = json.loads(path.read_text()) if path.exists() else {}
    kept.setdefault(lesson, {}).setdefault("predictions", {})["q"] = {"question": "Which?", "before": True, **known}
    path.write_text(json.dumps(kept), encoding="utf-8")


def test_answers_of_another_edition_stand_beside_the_options(tmp_path):
    for number in range(3):
        one(tmp_path, f"s{number}.json", options=["a", "b"], answer="a", outcome="a")
    one(tmp_path, "old.json", options=["c", "d"], answer="c")
    one(tmp_path, "number.json", options=None, answer=3.0)
    one(tmp_path, "zz.json", options=["a", "b"], answer="b", outcome="a")
    students, _ = read_class(tmp_path)
    table = class_table(students)
    [axes] = question_figure("03", questions(students)["03", "q"], table).axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["a", "b", "3.0", "c"]
    result = CliRunner().invoke(app, ["class", str(tmp_path), "--out", str(tmp_path / "class.pdf")])
    assert result.exit_code == 0 and "6 students" in result.output, result.output


def test_hidden_outcomes_are_not_counted_either(tmp_path):
    for number in range(4):
        one(tmp_path, f"s{number}.json", options=["a", "b"], answer="ab"[number == 0], outcome="b")
    line = ["class", str(tmp_path), "--out", str(tmp_path / "class.pdf")]
    assert "1 of 4" in CliRunner().invoke(app, line).output
    hidden = CliRunner().invoke(app, [*line, "--hide"]).output
    assert "1 of 4" not in hidden and "hidden" in hidden


def test_pages_are_written_where_there_are_any_and_never_over_the_table(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "ann.json").write_text('{"03": {"quiz": {"?": {"answer": "x", "right": true}}}}')
    result = CliRunner().invoke(app, ["class", str(tmp_path / "in"), "--out", str(tmp_path / "class.pdf")])
    assert result.exit_code == 0 and "No page is written" in result.output and "1 student\n" in result.output
    assert not (tmp_path / "class.pdf").exists()
    same = str(tmp_path / "x.pdf")
    result = CliRunner().invoke(app, ["class", str(tmp_path / "in"), "--out", same, "--table", same])
    assert "both the pages (--out) and the table (--table)" in str(result.exception)


def test_a_file_beside_folders_of_the_same_name_has_a_name(tmp_path):
    for place in ("answers.json", "ann/answers.json"):
        one(tmp_path, place, options=["a", "b"], answer="a")
    assert set(read_class(tmp_path)[0]) == {"answers", "ann"}


def test_no_question_of_the_course_runs_out_of_its_page():
    outcomes = json.loads((ROOT / "notebooks" / "solutions" / "outcomes.json").read_text(encoding="utf-8"))
    assert outcomes
    none = pd.DataFrame({"answer": [None], "before": [True], "student": ["ann"]})
    for lesson, asked in outcomes.items():
        for name, known in asked.items():
            figure = question_figure(lesson, known, none)
            figure.draw_without_rendering()
            title = figure._suptitle.get_window_extent()
            assert title.x0 >= 0 and title.x1 <= figure.bbox.width, f"{lesson} {name}"
