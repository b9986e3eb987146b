"""The course's web pages opened as files, as by a double click: every slider, prediction and quiz moves."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from banet_edu.cli.main import app

pytestmark = pytest.mark.landing
LESSONS = ("00", "05")  # panels, choices, a typed number, a quiz, conclusions


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("web") / "site"
    result = CliRunner().invoke(app, ["site", str(folder), *(f"--lesson={number}" for number in LESSONS)])
    assert result.exit_code == 0, result.output or result.exception
    return folder


def drive(page: Any, file: Path) -> dict[str, int]:
    """Move and press everything on a lesson's page; how many of each kind there were."""
    page.goto(file.resolve().as_uri())
    sliders = page.locator(".panel input[type=range]")
    for at in range(sliders.count()):
        slider = sliders.nth(at)
        picture = slider.locator("xpath=ancestor::figure").locator("img")
        seen = {picture.get_attribute("src")}
        end = int(slider.get_attribute("max"))
        start = int(slider.input_value())
        for value in range(end + 1):
            slider.evaluate("(s, v) => { s.value = v; s.dispatchEvent(new Event('input')) }", str(value))
            seen.add(picture.get_attribute("src"))
            if picture.is_visible():
                picture.evaluate("image => image.decode()")  # raises where the file is missing
        assert len(seen) > 1 or end == 0, f"{file.name}: slider {at} changes nothing"
        slider.evaluate("(s, v) => { s.value = v; s.dispatchEvent(new Event('input')) }", str(start))
    gates, forms = page.locator(".gate"), page.locator("form.question")
    hidden = [not gates.nth(at).locator(".outcome").is_visible() for at in range(gates.count())]
    assert all(hidden), f"{file.name}: an outcome stands open before it was predicted"
    for at in range(forms.count()):
        form = forms.nth(at)
        if form.locator("input[type=radio]").count():
            form.locator("input[type=radio]").first.check()
        else:
            form.locator("input[type=number]").fill(form.locator("input[type=number]").get_attribute("min") or "1")
        form.locator("button[type=submit]").click()
        assert form.locator(".recorded").inner_text().startswith("Recorded: ")
    for at in range(gates.count()):
        gate = gates.nth(at)
        assert gate.locator(".outcome").is_visible() and not gate.locator(".closed").is_visible()
        for said in gate.locator(".comparison pre").all_inner_texts():
            assert said.startswith("Your prediction: ") and "What happened:" in said
    questions = page.locator(".quiz fieldset")
    for at in range(questions.count()):
        options = questions.nth(at).locator("button")
        for option in range(options.count()):
            options.nth(option).click()
            assert questions.nth(at).locator(".answer").inner_text().strip()
    return {"sliders": sliders.count(), "predictions": forms.count(), "questions": questions.count()}


@pytest.mark.parametrize("number", LESSONS)
def test_everything_on_a_page_moves_without_a_server(site, page, number):
    [file] = site.glob(f"{number}_*.html")
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    found = drive(page, file)
    assert found["predictions"] >= 3 and found["sliders"] >= 1
    assert found["questions"] >= 3
    assert all(url.startswith(("file:", "data:")) for url in requests)
    assert page.complaints == []


def test_answers_are_there_after_a_reload_and_can_be_forgotten(site, page):
    [file] = site.glob("00_*.html")
    page.goto(file.resolve().as_uri())
    page.locator("form.question input[type=number]").first.fill("2")
    page.locator("form.question button[type=submit]").first.click()
    page.reload()
    assert page.locator(".recorded").first.inner_text().startswith("Recorded: 2 mm")
    page.locator("#forget").click()
    assert page.locator("form.question input[type=number]").first.is_enabled()


def test_every_picture_that_a_page_names_is_there(site):
    for file in site.glob("[0-9]*.html"):
        for frames in json.loads("[" + ",".join(_frames(file)) + "]"):
            assert all((site / "pictures" / name).is_file() for name in frames if not name.startswith("!"))


def _frames(file: Path) -> list[str]:
    from html import unescape

    text = file.read_text(encoding="utf-8")
    return [unescape(part.split('"', 1)[0]) for part in text.split('data-frames="')[1:]]


def test_an_answer_in_other_words_is_none_and_stops_nothing(site, page):
    [file] = site.glob("00_*.html")
    page.goto(file.resolve().as_uri())
    old = '{"answers": {"threshold": {"answer": "old wording", "before": true}, "worst": {"answer": "2"}}, "opened": null}'
    page.evaluate("old => localStorage.setItem('banet-edu-site/00', old)", old)
    assert drive(page, file)["questions"] >= 3
    assert page.complaints == []
