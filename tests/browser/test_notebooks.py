"""Every lesson in real JupyterLab: run all cells, move every slider by keyboard and mouse, look for errors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCREENSHOTS = Path(__file__).parent / "screenshots"
LESSONS = sorted(path.name for path in (ROOT / "notebooks").glob("*.ipynb"))
WAIT_MS = 60_000  # a busy machine is no failure
SLIDER = ".jp-OutputArea .widget-slider"
# What JupyterLab itself says offline; anything else on the console fails the test.
NOT_OURS = ("favicon", "Failed to load resource", "WebSocket", "net::ERR")
ERRORS = (
    '.jp-OutputArea-output[data-mime-type="application/vnd.jupyter.error"], '
    '.jp-OutputArea-output[data-mime-type="application/vnd.jupyter.stderr"], '
    ".jp-OutputArea .jupyter-widgets-error-widget, .jp-OutputArea [role=alert]:visible"
)


@pytest.fixture
def page(browser: Any) -> Any:
    page = browser.new_page(viewport={"width": 1300, "height": 900})
    page.set_default_timeout(WAIT_MS)
    page.complaints = []
    page.on("pageerror", lambda error: page.complaints.append(f"page error: {error}"))
    page.on("console", lambda message: _note(page, message))
    yield page
    page.close()


def _note(page: Any, message: Any) -> None:
    if message.type == "error" and not any(text in message.text for text in NOT_OURS):
        page.complaints.append(f"console: {message.text}")


def run_all(page: Any) -> None:
    """Run -> Run All Cells, and wait until every code cell with content has a number."""
    page.get_by_text("| Idle").wait_for()  # before, JupyterLab asks for a kernel instead of running
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    page.wait_for_function(
        """() => {
            const prompts = [...document.querySelectorAll('.jp-Notebook .jp-CodeCell .jp-InputPrompt')];
            return prompts.length > 0 && prompts.every(prompt => /\\[\\d+\\]/.test(prompt.textContent));
        }"""
    )


def picture_of(slider: Any) -> Any:
    return slider.locator("xpath=ancestor::*[contains(@class, 'widget-vbox')][1]").locator("img.widget-image")


def moved(page: Any, picture: Any, action: Any) -> bool:
    """Whether the picture looks different after `action`, which may take the kernel a while to answer."""
    pixels = """image => { const canvas = document.createElement('canvas');
        canvas.width = image.naturalWidth; canvas.height = image.naturalHeight;
        canvas.getContext('2d').drawImage(image, 0, 0); return canvas.toDataURL(); }"""
    source, before = picture.get_attribute("src"), picture.evaluate(pixels)
    action()
    page.wait_for_function(
        "([image, source]) => image.src !== source && image.complete", arg=[picture.element_handle(), source]
    )
    return bool(picture.evaluate(pixels) != before)


def by_keyboard(slider: Any) -> None:
    slider.locator(".noUi-handle").press("ArrowRight")


def by_mouse(slider: Any, page: Any) -> None:
    """A click on the right part of the track, where no slider of the course stands after one step."""
    box = slider.locator(".noUi-base").bounding_box()
    page.mouse.click(box["x"] + 0.8 * box["width"], box["y"] + box["height"] / 2)


@pytest.mark.parametrize("lesson", LESSONS)
def test_lesson_runs_and_its_widgets_move(lesson: str, page: Any, lab: str) -> None:
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
