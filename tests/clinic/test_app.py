"""The clinic's page without a browser: what a file, a ruler, points and another network change, and what nothing changes."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from banet_edu import load_model, load_samples
from banet_edu.clinic.app import clinic
from banet_edu.clinic.findings import files
from banet_edu.clinic.touch import SHOWN, Touch
from banet_edu.clinic.uploaded import images_at
from banet_edu.data.sample import Sample

SAMPLE = load_samples("polyp", "test")[0]


def png(image: np.ndarray) -> bytes:
    content = io.BytesIO()
    Image.fromarray(image).save(content, format="PNG")
    return content.getvalue()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("clinic")
    (place / "MUSTERMANN.png").write_bytes(png(SAMPLE.image))
    return place


@pytest.fixture
def page(folder):
    return clinic(folder / "MUSTERMANN.png")


def send(page, what: str, name: str, content: bytes, part: int = 1000):
    """As the browser does: in parts."""
    parts = [content[at : at + part] for at in range(0, len(content), part)] or [b""]
    for k, each in enumerate(parts):
        page.touch._received(None, {"kind": "file", "what": what, "name": name, "part": k, "parts": len(parts)}, [each])


def test_a_picture_is_outlined_and_its_figures_are_text(page):
    assert page.touch.size == list(SAMPLE.image.shape[:2]) and page.touch.lines and page.touch.marks
    assert "Longest diameter" in page.said.value and "Track record" in page.said.value
    assert "pixel size not known" in page.said.value and " mm" not in page.said.value.replace("mm from", "")
    assert "numbered places" in page.touch.alt and not page.touch.busy


def test_a_transparent_picture_is_said_to_be_laid_on_white(page):
    assert "laid on white" not in page.said.value
    seen_through = np.dstack([SAMPLE.image, np.full(SAMPLE.image.shape[:2], 128, np.uint8)])
    send(page, "picture", "shot.png", png(seen_through), 10**6)
    assert "partly transparent and was laid on white" in page.said.value


def test_what_changes_nothing_draws_nothing(page):
    drawn = page.drawn
    page.touch.points = []
    page.touch.mode = "ruler"
    page._choose(page.desk.network)
    page.pixel.value = 0.0
    assert page.drawn == drawn


@pytest.mark.landing
def test_one_scale_and_boxes_that_say_it(page):
    page.length.value = 20.0
    page.touch.ruler = [[200.0, 30.0], [200.0, 130.0]]
    assert page.desk.spacing_mm == pytest.approx((0.2, 0.2)) and page.pixel.value == pytest.approx(0.2)
    assert "set by the ruler, ± 1.4 %" in page.said.value and "mm²" in page.said.value
    page.pixel.value = 0.1
    assert page.desk.source == "pixel size typed in" and page.length.value == 0.0
    page.touch.ruler = [[200.0, 30.0], [200.0, 80.0]]  # a ruler without a length says nothing
    assert page.desk.spacing_mm == (0.1, 0.1) and page.pixel.value == 0.1
    page.pixel.value = 0.0
    assert page.desk.spacing_mm is None and "not known" in page.said.value


def test_points_of_ones_own_are_the_reference_and_errors_are_numbered(page):
    page.touch.points = [[60.0, 60.0], [60.0, 150.0], [150.0, 150.0]]
    assert "Reference: your outline" in page.said.value and "of the reference is found" in page.said.value
    assert page.touch.marks[0]["text"] == "1" and "1 " in page.said.value
    page.touch.points = page.touch.points[:2]
    assert "Reference" not in page.said.value


def test_a_mask_is_compared_with_and_another_network_looks(page):
    send(page, "mask", "mask.png", png(np.where(SAMPLE.mask, 255, 0).astype(np.uint8)))
    assert "Reference: the mask" in page.said.value and not page.problem.value
    before = page.said.value
    page._choose("polyps")
    assert page.desk.network == "polyps" and page.said.value != before and page.choices["polyps"].icon == "check"


def test_after_a_refused_file_nothing_of_the_patient_before_is_left(page):
    page.length.value = 20.0
    page.touch.ruler = [[200.0, 30.0], [200.0, 130.0]]
    page.touch.points = [[60.0, 60.0], [60.0, 150.0], [150.0, 150.0]]
    send(page, "picture", "notes.png", b"no picture")
    assert "notes.png: is not a readable image" in page.problem.value
    touch = page.touch
    assert not touch.picture and touch.size == [0, 0]
    assert not any((touch.lines, touch.marks, touch.points, touch.ruler, page.said.value))
    assert page.pixel.value == page.length.value == 0.0 and page.desk is None
    send(page, "mask", "mask.png", b"x")
    assert "open the picture first" in page.problem.value
    send(page, "picture", "again.png", png(SAMPLE.image))
    assert not page.problem.value and "Longest diameter" in page.said.value


def test_a_refused_mask_leaves_the_picture(page):
    send(page, "mask", "mask.png", png(np.zeros((50, 90), np.uint8)))
    assert "proportions" in page.problem.value and "Longest diameter" in page.said.value


def test_files_to_keep_name_nobody(page):
    kept = {name: content for name, content, _ in files(page.desk, page.touch.points)}
    assert list(kept) == ["outline.json", "mask.png", "figures.csv"]
    assert not any(b"MUSTERMANN" in content for content in kept.values())
    mask = np.asarray(Image.open(io.BytesIO(kept["mask.png"])))
    assert mask.shape == SAMPLE.image.shape[:2] and set(np.unique(mask)) == {0, 255}


def test_a_large_picture_is_sent_as_a_copy_of_screen_size():
    touch = Touch()
    touch.show(np.zeros((3000, 4000, 3), np.uint8), "black")
    assert touch.size == [3000, 4000] and max(Image.open(io.BytesIO(touch.picture)).size) == SHOWN


def test_a_folder_is_listed_and_what_is_none_is_refused(folder, tmp_path):
    (folder / "notes.txt").write_text("no image", encoding="utf-8")
    assert images_at(folder) == [folder / "MUSTERMANN.png"]
    with pytest.raises(ValueError, match="holds no image"):
        images_at(tmp_path)
    with pytest.raises(FileNotFoundError, match="no such file or folder"):
        images_at(tmp_path / "none")
    waiting = clinic()
    assert waiting.desk is None and "drop one" in waiting.said.value


def test_networks_of_ones_own(folder):
    from banet_edu.clinic.app import Clinic

    page = Clinic([folder / "MUSTERMANN.png"], {"mine": load_model("banet-lite-polyp")})
    assert list(page.choices) == ["mine"] and "Longest diameter" in page.said.value


def test_the_next_picture_is_outlined_whatever_was_set_on_the_one_before(page, folder):
    fresh = len(page.touch.lines), len(page.touch.marks), page.touch.alt
    page.touch.points = [[10.0, 10.0], [10.0, 60.0], [60.0, 60.0]]
    page.length.value, page.touch.ruler = 20.0, [[200.0, 30.0], [200.0, 130.0]]
    page._take("picture", "again.png", png(SAMPLE.image))
    assert (len(page.touch.lines), len(page.touch.marks), page.touch.alt) == fresh
    assert not page.touch.points and page.desk.spacing_mm is None and page.length.value == 0


def test_a_network_that_cannot_be_loaded_is_said_and_the_one_before_stays(folder, tmp_path):
    page = clinic(folder / "MUSTERMANN.png")
    page.networks["bad"] = page.desk.networks["bad"] = str(tmp_path / "none.safetensors")
    before = page.said.value
    page._choose("bad")
    assert "none.safetensors" in page.problem.value and page.desk.network != "bad" and page.said.value == before
    page._choose("polyps")
    assert not page.problem.value and page.said.value != before
    page.length.value, page.touch.ruler = 1e300, [[200.0, 30.0], [200.0, 130.0]]
    assert "at most 1000 mm" in page.problem.value


def test_a_ruler_keeps_the_proportions_that_the_file_states(page):
    page.desk.put(Sample(SAMPLE.image, None, "a", (0.1, 0.2)))
    areas = []
    for end, length in (([50.0, 130.0], 20.0), ([150.0, 30.0], 10.0)):
        page.length.value, page.touch.ruler = length, [[50.0, 30.0], end]
        assert page.desk.spacing_mm == pytest.approx((0.1, 0.2))
        areas.append(page.desk.measured()["area_mm2"])
    assert areas[0] == pytest.approx(areas[1]) and ", 0.1 x 0.2 mm" in page.said.value
    page.pixel.value = 0.2
    assert page.desk.spacing_mm == pytest.approx((0.1414, 0.2828), rel=1e-3)


def test_a_length_without_a_ruler_leaves_what_was_typed(page):
    page.pixel.value = 0.3
    page.length.value = 5.0
    assert page.desk.spacing_mm == (0.3, 0.3) and page.pixel.value == 0.3
    page.pixel.value = 0.000004
    assert page.desk.spacing_mm == (0.000004, 0.000004) and page.pixel.value == 0.000004


def test_points_of_ones_own_go_before_a_mask_and_that_is_said(page):
    page.touch.points = [[60.0, 60.0], [60.0, 150.0], [150.0, 150.0]]
    send(page, "mask", "mask.png", png(np.where(SAMPLE.mask, 255, 0).astype(np.uint8)))
    assert "Reference: your outline" in page.said.value and "A mask is open too: remove the points" in page.said.value
    page.touch.points = []
    assert "Reference: the mask" in page.said.value and "A mask is open too" not in page.said.value


def test_a_refused_size_leaves_no_box_that_says_it_and_a_touch_leaves_what_was_said(page):
    page.pixel.value = 5000.0
    assert "at most 1000 mm" in page.problem.value and page.pixel.value == 0 and page.desk.spacing_mm is None
    page.touch.points = [[10.0, 10.0]]
    assert "at most 1000 mm" in page.problem.value
    page.length.value, page.touch.ruler = 20.0, [[200.0, 30.0], [200.0, 130.0]]
    assert page.desk.spacing_mm == pytest.approx((0.2, 0.2)) and not page.problem.value
    page.length.value = 2e6
    assert page.desk.spacing_mm is None and page.length.value == page.pixel.value == 0


def test_the_network_that_is_marked_looks_at_the_picture_after_a_refused_one(page):
    page._choose("polyps")
    send(page, "picture", "notes.png", b"no picture")
    page._take("picture", "again.png", png(SAMPLE.image))
    assert page.desk.network == "polyps" and page.choices["polyps"].icon == "check"
