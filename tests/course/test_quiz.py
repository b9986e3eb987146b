"""Quizzes: every option of every lesson answers back, and only the first press counts."""

from __future__ import annotations

from importlib import import_module

import pytest

from banet_edu.course.quiz import Option, Quiz, QuizQuestion

LESSONS = [f"{number:02}" for number in range(1, 11)]
QUIZZES = {lesson: import_module(f"banet_edu.course.lesson{lesson}.exercise").quiz for lesson in LESSONS}


@pytest.mark.parametrize("lesson", QUIZZES)
def test_every_option_gets_feedback_and_an_explanation(lesson):
    quiz = QUIZZES[lesson]()
    assert len(quiz.questions) >= 3
    for number, question in enumerate(quiz.questions):
        assert len(question.options) >= 3
        seen = set()
        for at, option in enumerate(question.options):
            quiz.buttons[number][at].click()
            said = quiz.feedback[number].value
            assert ("Right." in said) == option.right and ("Not quite." in said) != option.right
            assert len(option.explanation) > 30
            assert [b.description[0] for b in quiz.buttons[number]].index("●") == at
            seen.add(said)
        assert len(seen) == len(question.options)


def test_right_answers_do_not_all_stand_at_the_same_place():
    for make in QUIZZES.values():
        places = [[option.right for option in question.options].index(True) for question in make().questions]
        assert len(set(places)) > 1


def test_first_press_counts():
    quiz = Quiz([QuizQuestion("1 + 1?", (Option("2", "Count.", right=True), Option("3", "One too many.")))])
    assert "0 of 1" in quiz.score.value
    quiz.buttons[0][1].click()
    quiz.buttons[0][0].click()
    assert quiz.first == {0: False} and "0 of 1" in quiz.score.value


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ((Option("a", "b", right=True),), "two or more options"),
        ((Option("a", "b"), Option("c", "d")), "exactly one of them right"),
        ((Option("a", "b", right=True), Option("c", " ")), "every option needs an explanation"),
        ((Option("a", "b", right=True), Option("a", "d")), "two options are the same"),
    ],
)
def test_a_question_must_be_complete(options, said):
    with pytest.raises(ValueError, match=said):
        QuizQuestion("?", options)
    with pytest.raises(ValueError, match="at least one question"):
        Quiz([])


def test_a_reader_without_a_kernel_gets_the_questions_but_not_the_answers():
    bundle = QUIZZES["03"]()._repr_mimebundle_()
    assert "**4.**" in bundle["text/markdown"] and "- 0 everywhere" in bundle["text/markdown"]
    assert "The average of equal values" not in str(bundle["text/markdown"])
