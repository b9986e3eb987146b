"""A walk through a lesson in real JupyterLab: all cells run, every slider moved, predictions and quiz answered, no error."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
SCREENSHOTS = Path(__file__).parent / "browser" / "screenshots"
LESSONS = sorted(path.name for path in (ROOT / "notebooks").glob("*.ipynb"))
RUN_MS = 400_000  # all cells of a lesson, beside other tests
SLIDER = ".jp-OutputArea .widget-slider"
# of the clinic's page
READY = """() => { const busy = document.querySelector('.banet-touch .busy');
    return busy && getComputedStyle(busy).visibility === 'hidden' && document.body.innerText.includes('Scale:'); }"""
ERRORS = (
    '.jp-OutputArea-output[data-mime-type="application/vnd.jupyter.error"], '
    '.jp-OutputArea-output[data-mime-type="application/vnd.jupyter.stderr"], '
    ".jp-OutputArea .jupyter-widgets-error-widget, .jp-OutputArea [role=alert]:visible"
)


def run_all(page: Any) -> None:
    """Run -> Run All Cells, and wait until every code cell has a number; where code is folded away, the last has its output."""
    page.get_by_text("| Idle").wait_for()  # before, JupyterLab asks for a kernel instead of running
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    page.wait_for_function(
        """() => {
            const cells = [...document.querySelectorAll('.jp-Notebook .jp-CodeCell')];
            const numbered = cell => /\\[\\d+\\]/.test(cell.querySelector('.jp-InputPrompt')?.textContent ?? '');
            const folded = cell => cell.querySelector('.jp-InputPlaceholder') !== null;
            const last = cells.at(-1);
            return cells.length > 0 && cells.every(cell => numbered(cell) || folded(cell))
                && (numbered(last) || last.querySelector('.jp-OutputArea-output') !== null);
        }""",
        timeout=RUN_MS,
    )


def picture_of(slider: Any) -> Any:
    return slider.locator("xpath=ancestor::*[contains(@class, 'widget-vbox')][1]").locator("img.widget-image")


def moved(page: Any, picture: Any, action: Any) -> bool:
    """Whether the picture looks different after `action`, which may take the kernel a while to answer."""
    from playwright.sync_api import TimeoutError  # here, so that the tests are collected where it is not installed

    pixels = """image => { const canvas = document.createElement('canvas');
        canvas.width = image.naturalWidth; canvas.height = image.naturalHeight;
        canvas.getContext('2d').drawImage(image, 0, 0); return canvas.toDataURL(); }"""
    before = picture.evaluate(pixels)
    action()
    # Another panel of the lesson may have this one draw the same picture again meanwhile: pixels count, not the address.
    changed = f"([image, before]) => image.complete && image.naturalWidth > 0 && ({pixels})(image) !== before"
    try:
        page.wait_for_function(changed, arg=[picture.element_handle(), before])
    except TimeoutError:
        return False
    return True


def by_keyboard(slider: Any) -> None:
    slider.locator(".noUi-handle").press(step(slider))


def by_mouse(slider: Any, page: Any) -> None:
    """A click on the half of the track where the handle is not."""
    box, handle = slider.locator(".noUi-base").bounding_box(), slider.locator(".noUi-handle").bounding_box()
    left = handle["x"] + handle["width"] / 2 < box["x"] + box["width"] / 2
    page.mouse.click(box["x"] + (0.97 if left else 0.03) * box["width"], box["y"] + box["height"] / 2)


def step(slider: Any) -> str:
    """The arrow key that moves the handle: to the left where it stands at the right end."""
    handle = slider.locator(".noUi-handle")
    return (
        "ArrowLeft" if handle.get_attribute("aria-valuenow") == handle.get_attribute("aria-valuemax") else "ArrowRight"
    )


def answer_predictions(page: Any) -> int:
    """Choose or type and commit every prediction, one by mouse, the next by keyboard; the number of them.

    All cells ran already, so each outcome waits behind its question until that is answered, here or above.
    """
    waiting = page.get_by_text("You have not predicted this yet.").locator("visible=true")
    assert waiting.count() >= 2
    commits = page.locator("button:has-text('Commit my prediction')")
    answered, seen = 0, set()
    for index in range(commits.count()):
        box = commits.nth(index).locator("xpath=ancestor::*[contains(@class, 'widget-vbox')][1]")
        question = box.locator(".banet-said").first.text_content()
        if question in seen:  # the same question before its outcome, which an answer above lets appear
            continue
        seen.add(question)
        if box.locator("button.banet-answer").count():
            press(box.locator("button.banet-answer").first, answered)
        else:
            press(commits.nth(index), answered)
            box.get_by_text("Nothing is typed yet").wait_for()
            box.locator("input").fill("1")
            box.locator("input").press("Tab")
        press(commits.nth(index), answered)
        box.get_by_text("Recorded:").wait_for()
        assert commits.nth(index).is_disabled()
        answered += 1
    page.wait_for_function(
        """() => ![...document.querySelectorAll('.jp-OutputArea [role=alert]')].some(said => said.checkVisibility())"""
    )
    return answered


def press_maps(page: Any) -> int:
    """Press a place of every picture that takes presses; the sum beside it changes, and is the network's own value."""
    pictures = page.locator("img.widget-image[style*=crosshair]")
    for index in range(pictures.count()):
        picture = pictures.nth(index)
        picture.scroll_into_view_if_needed()
        said = picture.locator("xpath=ancestor::*[contains(@class, 'widget-vbox')][1]").locator("[aria-live=polite]")
        before = said.inner_text()
        box = picture.bounding_box()
        picture.click(position={"x": 0.2 * box["width"], "y": 0.45 * box["height"]})
        page.wait_for_function("([said, before]) => said.isConnected === false || said.innerText !== before",
                               arg=[said.element_handle(), before])  # fmt: skip
        # A volume's viewer tells a voxel's values, and no sum.
        if added := re.search(r"= (-?\d+\.\d+); the network's own value: (-?\d+\.\d+)", said.inner_text()):
            assert added[1] == added[2]
        else:
            assert re.search(r"Voxel z = \d+, y = \d+, x = \d+: ", said.inner_text())
    return int(pictures.count())


def answer_quiz(page: Any) -> int:
    """Press every option of every question; each must answer at once."""
    score = page.get_by_text("Right at the first try:")
    if not score.count():
        return 0
    quiz = score.locator("xpath=ancestor::*[contains(@class, 'widget-vbox')][1]")
    questions = quiz.locator(":scope > .widget-vbox")
    for index in range(questions.count()):
        options = questions.nth(index).locator("button.banet-answer")
        for at in range(options.count()):
            press(options.nth(at), at)
            options.nth(at).get_by_text("●").wait_for()
        said = questions.nth(index).get_by_text("Right.", exact=True)
        said.or_(questions.nth(index).get_by_text("Not quite.", exact=True)).wait_for()
    return int(questions.count())


def press(button: Any, turn: int) -> None:
    from playwright.sync_api import expect  # here, so that the tests are collected where it is not installed

    button.scroll_into_view_if_needed()
    # A click waits for this by itself, a key does not: it would be lost while the kernel has not yet seen the choice.
    expect(button).to_be_enabled(timeout=RUN_MS)
    button.press("Space") if turn % 2 else button.click()


def walk_through(lesson: str, page: Any, lab: str) -> None:
    """All of it; AssertionError where something does not work or an error shows."""
    page.goto(lab.format(lesson))
    page.locator(".jp-Notebook .jp-CodeCell").first.wait_for()
    run_all(page)
    sliders = page.locator(SLIDER)
    for index in range(sliders.count()):
        slider = sliders.nth(index)
        slider.scroll_into_view_if_needed()
        picture = picture_of(slider)
        picture.wait_for()
        assert moved(page, picture, lambda slider=slider: by_keyboard(slider)), f"slider {index}: keyboard"
        assert moved(page, picture, lambda slider=slider: by_mouse(slider, page)), f"slider {index}: mouse"
    assert press_maps(page) == (1 if lesson[:2] in ("03", "04", "05", "11") else 0)
    asked, questions = answer_predictions(page), answer_quiz(page)
    assert asked >= 2 and questions >= 3
    if "BANET_EDU_SCREENSHOTS" in os.environ:  # half a minute a lesson, and nobody looks at those of CI
        keep_screenshots(page, lesson)
    assert page.locator(ERRORS).all_inner_texts() == []
    assert page.complaints == []


def keep_screenshots(page: Any, lesson: str) -> None:
    """Every cell with an output, at both widths, for a human to look at."""
    SCREENSHOTS.mkdir(exist_ok=True)
    for width in (1300, 900):
        page.set_viewport_size({"width": width, "height": 900})
        cells = page.locator(".jp-Notebook .jp-Cell")
        for index in range(cells.count()):
            if cells.nth(index).locator(".jp-OutputArea-output").count():
                cells.nth(index).scroll_into_view_if_needed()
                page.screenshot(path=SCREENSHOTS / f"{Path(lesson).stem}-{width}-{index:02d}.png")
