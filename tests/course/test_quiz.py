"""Quizzes: every option of every lesson answers back, and only the first press counts."""

from __future__ import annotations

from pathlib import Path

import pytest

from banet_edu.course.quiz import Option, Quiz, QuizQuestion, lesson_quiz, read_quiz

QUESTIONS = dict.fromkeys([f"{number:02}" for number in range(1, 10)], 4) | {
    "00": 3,
    "01": 5,
    "02": 5,
    "05": 5,
    "10": 5,
    "11": 4,
}  # lesson -> how many it asks


@pytest.mark.parametrize("lesson", QUESTIONS)
def test_every_option_gets_feedback_and_an_explanation(lesson):
    asked = lesson_quiz(lesson)
    assert len(asked.questions) == QUESTIONS[lesson]
    for number, question in enumerate(asked.questions):
        assert len(question.options) >= 3
        seen = set()
        for at, option in enumerate(question.options):
            asked.buttons[number][at].click()
            said = asked.feedback[number].value
            assert ("Right." in said) == option.right and ("Not quite." in said) != option.right
            assert len(option.explanation) > 30
            assert [b.description[0] for b in asked.buttons[number]].index("●") == at
            seen.add(said)
        assert len(seen) == len(question.options)


def test_neither_place_nor_length_gives_the_right_answer_away():
    places, longest = [], 0
    for lesson in QUESTIONS:
        of_lesson = []
        for question in lesson_quiz(lesson).questions:
            right = [option.right for option in question.options].index(True)
            of_lesson.append(right)
            longest += len(question.options[right].text) == max(len(option.text) for option in question.options)
        assert len(set(of_lesson)) > 1, f"all right answers of lesson {lesson} stand in one place"
        places += of_lesson
    shares = [places.count(place) / len(places) for place in (0, 1, 2)]
    assert max(shares) < 0.45 and min(shares) > 0.22
    assert longest / len(places) < 0.2


def test_first_press_counts():
    asked = Quiz([QuizQuestion("1 + 1?", (Option("2", "Count.", right=True), Option("3", "One too many.")))])
    assert "0 of 1" in asked.score.value
    asked.buttons[0][1].click()
    asked.buttons[0][0].click()
    assert asked.first == {0: False} and "0 of 1" in asked.score.value


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
    bundle = lesson_quiz("03")._repr_mimebundle_()
    assert "**4.**" in bundle["text/markdown"] and "- 0 everywhere" in bundle["text/markdown"]
    assert "The average of equal values" not in str(bundle["text/markdown"])


# The reader of quiz.md


PAGE = """\
# A title

## Why is the pooled map
smaller?
- [ ] the padding is missing
  It is there: 2 = 5 // 2.
- [X] stride=1 is missing

  The window jumps by its own width,
\tso that the map shrinks.
"""


def written(folder, text):
    (folder / "quiz.md").write_text(text, encoding="utf-8")
    return folder / "quiz.md"


@pytest.mark.parametrize("kind", [str, Path])
@pytest.mark.parametrize("text", [PAGE, "\ufeff" + PAGE, PAGE.replace("\n", "\r\n"), PAGE.replace("\n", "  \n")])
def test_lines_are_joined_and_what_editors_leave_behind_does_not_matter(tmp_path, text, kind):
    [question] = read_quiz(kind(written(tmp_path, text))).questions
    assert question.text == "Why is the pooled map smaller?"
    assert set(question.options) == {
        Option("the padding is missing", "It is there: 2 = 5 // 2."),
        Option("stride=1 is missing", "The window jumps by its own width, so that the map shrinks.", right=True),
    }


@pytest.mark.parametrize(
    ("there", "instead", "line", "said"),
    [
        ("[X]", "[ ]", 3, "exactly one of them right ([x]); it has 2, 0 of them right"),
        ("[ ]", "[x]", 3, "exactly one of them right ([x]); it has 2, 2 of them right"),
        ("- [ ] the padding is missing\n  It is there: 2 = 5 // 2.\n", "", 3, "two or more options"),
        ("the padding", "stride=1", 3, "two options are the same"),
        (
            "  It is there: 2 = 5 // 2.\n",
            "",
            5,
            "'the padding is missing' has no explanation; write it below, indented",
        ),
        ("  It is", "It is", 6, "its explanation stands below it, indented"),
        ("# A title", "A title", 1, "A question begins with '## '"),
        ("# A title", "- [x] early\n  Too early.", 1, "A question begins with '## '"),
        ("## Why", "# Why", 4, "'smaller?' is no question"),
        ("- [ ]", "- []", 5, "an option with '- [ ] ' ('- [x] ' if it is right)"),
        ("- [ ]", "* [ ]", 5, "an option with"),
        ("- [X]", "  - [X]", 7, "an option with"),
        ("- [X] stride=1 is missing", "- stride=1 is missing", 7, "an option with"),
        ("- [X] stride=1 is missing", "- [X] ", 7, "an option with"),
        ("- [X]", "##No blank\n- [X]", 7, "A question begins with '## '"),
        (PAGE, "# A title\n", 1, "at least one question"),
    ],
)
def test_a_fault_of_a_page_is_named_with_file_line_and_the_way_out(tmp_path, there, instead, line, said):
    assert there in PAGE
    page = written(tmp_path, PAGE.replace(there, instead, 1))
    with pytest.raises(ValueError) as raised:
        read_quiz(page)
    assert str(raised.value).startswith(f"{page}, line {line}: ")
    assert said in str(raised.value)


@pytest.mark.parametrize("lesson", ["0", "3", "12", "", "../lesson03", 3])
def test_an_unknown_lesson_lists_those_that_have_a_quiz(lesson):
    with pytest.raises(ValueError, match=r"there are 00, 01, 02, 03, 04, 05, 06, 07, 08, 09, 10, 11$") as raised:
        lesson_quiz(lesson)
    assert repr(lesson) in str(raised.value)
