"""The file of a student's answers: predictions, checks and quizzes of several lessons, and nothing lost."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest

from banet_edu.course.lesson03.exercise import check_edge
from banet_edu.course.quiz import lesson_quiz
from banet_edu.course.record import VARIABLE, Record, read_answers


@pytest.fixture
def file(tmp_path, monkeypatch):
    path = tmp_path / "ann.json"
    monkeypatch.setenv(VARIABLE, str(path))
    return path


def unwritten(R, k):
    raise NotImplementedError


def test_tries_of_a_check_are_kept_and_a_stub_is_none(file):
    check_edge(unwritten)
    assert not file.exists()
    for answer in (lambda R, k: None, lambda R, k: R):
        check_edge(answer)
    kept = read_answers(file)["03"]["checks"]["check_edge"]
    assert kept["tries"] == 2 and kept["passed_at"] is None
    assert kept["said"] == ["my_edge gives nothing back.", check_edge(lambda R, k: R).said]


def test_the_first_answer_of_a_quiz_is_kept_also_over_kernels(file):
    quiz = lesson_quiz("03")
    wrong = next(n for n, option in enumerate(quiz.questions[0].options) if not option.right)
    quiz.answer(0, wrong)
    lesson_quiz("03").answer(0, 1 - wrong)
    [kept] = read_answers(file)["03"]["quiz"].values()
    assert kept["right"] is False and kept["answer"] == quiz.questions[0].options[wrong].text


def test_lessons_share_the_file(file):
    Record("03").keep("checks", "check_edge", tries=1)
    Record("04").keep("checks", "check_attention", tries=2)
    Record("03").keep("checks", "check_edge", passed_at=1)
    assert read_answers(file)["03"]["checks"]["check_edge"] == {"tries": 1, "passed_at": 1}
    assert read_answers(file)["04"]["checks"]["check_attention"] == {"tries": 2}


def test_without_a_file_nothing_is_kept_and_a_bad_one_stops_no_lesson(tmp_path, monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)
    Record("03").keep("checks", "check_edge", tries=1)
    assert Record("03").read("checks") == {}
    monkeypatch.setenv(VARIABLE, str(tmp_path / "missing" / "ann.json"))
    assert "Not kept: " in check_edge(lambda R, k: R).said
    quiz = lesson_quiz("03")
    quiz.answer(0, 0)
    assert "Not kept: " in quiz.score.value


@pytest.mark.parametrize(
    "held",
    [
        "{",
        "[]",
        '{"x": {}}',
        '{"03": 5}',
        '{"03": {"predictions": {"a": {"before": 3}}}}',
        '{"03": {"checks": {"c": {"tries": "many"}}}}',
    ],
)
def test_what_is_no_record_is_named(tmp_path, held):
    file = tmp_path / "ann.json"
    file.write_text(held, encoding="utf-8")
    with pytest.raises(ValueError, match=r"ann\.json: holds no predictions"):
        read_answers(file)
    assert file.read_text() == held


def test_a_list_is_what_the_page_promises(file):
    Record("03").keep("predictions", "sky", answer="blue", before=True)
    assert json.loads(file.read_text()) == {"03": {"predictions": {"sky": {"answer": "blue", "before": True}}}}


def test_two_lessons_open_at_once_lose_nothing(file):
    script = (
        "from banet_edu.course.record import Record\nimport sys\n"
        "for k in range(40): Record(sys.argv[1]).keep('quiz', str(k), right=True)"
    )
    both = [subprocess.Popen([sys.executable, "-c", script, lesson]) for lesson in ("03", "04")]
    assert [process.wait(120) for process in both] == [0, 0]
    assert {lesson: len(kinds["quiz"]) for lesson, kinds in read_answers(file).items()} == {"03": 40, "04": 40}
    assert [path.name for path in file.parent.iterdir()] == [file.name]


def test_a_quiz_that_is_run_again_knows_its_first_answers(file):
    quiz = lesson_quiz("03")
    wrong = next(n for n, option in enumerate(quiz.questions[0].options) if not option.right)
    quiz.answer(0, wrong)
    again = lesson_quiz("03")
    again.answer(0, next(n for n, option in enumerate(again.questions[0].options) if option.right))
    assert again.first == {0: False} and "first try: 0 of" in again.score.value


def test_a_passed_check_counts_no_more_tries_and_an_empty_box_none(file):
    from banet_edu.course.classroom import class_table
    from banet_edu.course.lesson09.exercise import check_diameter
    from banet_edu.course.lesson10.exercise import check_probe

    assert not check_diameter("").passed and not file.exists()
    for _ in range(3):
        assert check_probe(lambda: (np.zeros((40, 40)), np.zeros((40, 40)))).passed
    [row] = class_table({"ann": read_answers(file)}).to_dict("records")
    assert row["answer"] == 1 and row["right"] is True


def test_a_question_that_is_asked_in_another_way_now_stops_no_lesson(file, capsys):
    from banet_edu.course.predictions import Predictions

    Record("03").keep("predictions", "sky", question="Which?", options=["blue", "green"], answer="blue", before=True)
    predictions = Predictions("03")
    predictions.guess("sky", "How many?")
    predictions.compare("sky", 3)
    assert "Your prediction: blue\nWhat happened:   3\nNot as predicted." in capsys.readouterr().out
    assert Predictions("04").recorded == {}
