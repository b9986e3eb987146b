"""The clinic's panels: points, ruler, uploads, and nothing of the reader's picture in what is saved."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import numpy as np
import pytest
from known_model import Brightness, disc_sample
from PIL import Image

from banet_edu.clinic.desk import Desk
from banet_edu.course.lesson09.explorers import measure_explorer, points_explorer, ruler_explorer
from banet_edu.course.lesson09.upload import upload_explorer
from banet_edu.data.sample import Sample


def desk(**options) -> Desk:
    sample = disc_sample("disc", 16)
    return Desk(
        Sample(sample.image, None, "disc", None), {"one": Brightness(), "blind": Brightness(threshold=9.0)}, **options
    )


def upload(panel, which: int, name: str, content: bytes) -> None:
    """Hand a file over as the browser does."""
    made = panel.children[1].children[which]
    made.value = (
        {
            "name": name,
            "type": "",
            "size": len(content),
            "content": memoryview(content),
            "last_modified": datetime.now(UTC),
        },
    )


def png(pixels: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def said(panel) -> str:
    return panel.message.value if panel.error else ""


def test_no_millimetre_before_a_length_is_set_and_none_after_it_is_taken_back():
    mine = desk()
    panel, measures = ruler_explorer(mine), measure_explorer(mine)
    assert mine.spacing_mm is None and "longest_pct" in mine.measured()
    before = measures.picture.value
    panel.controls["length"].value = 20
    width = mine.sample.image.shape[1]
    assert mine.spacing_mm == pytest.approx((20 / (0.4 * width),) * 2)
    assert "longest_mm" in mine.measured() and measures.picture.value != before
    panel.controls["length"].value = 0
    assert mine.spacing_mm is None and "longest_pct" in mine.measured()


def test_points_are_added_and_taken_back():
    panel = points_explorer(desk())
    add, last, everything = panel.children[2].children
    pictures = [panel.picture.value]
    for across, down in ((30, 30), (70, 30), (70, 70), (30, 70)):
        panel.controls["across"].value, panel.controls["down"].value = across, down
        add.click()
        assert panel.error is None and panel.picture.value not in pictures
        pictures.append(panel.picture.value)
    last.click()
    assert panel.error is None and panel.picture.value != pictures[-1]
    everything.click()
    last.click()  # nothing left to remove
    assert panel.error is None


def test_nothing_found_is_shown_and_not_an_error():
    mine = desk()
    panels = [measure_explorer(mine), points_explorer(mine), ruler_explorer(mine), upload_explorer(mine)]
    panels[-1].controls["network"].value = "blind"
    assert not mine.found().mask.any()
    assert [panel.error for panel in panels] == [None] * 4


def test_upload_puts_another_picture_on_the_desk_for_all_panels():
    mine = desk(private=True)
    panel, measures = upload_explorer(mine), measure_explorer(mine)
    mine.set_spacing((0.1, 0.1))
    before = panel.picture.value, measures.picture.value
    upload(panel, 0, "mine.png", png(disc_sample("other", 22).image))
    assert panel.error is None and mine.sample.name == "mine" and mine.spacing_mm is None
    assert (panel.picture.value, measures.picture.value) != before
    assert panel.children[1].children[0].value == ()  # the bytes are let go


def test_uploaded_mask_becomes_the_reference_and_a_bad_one_is_said():
    mine = desk(private=True)
    panel = upload_explorer(mine)
    mask = np.where(mine.sample.image[..., 0] > 127, 255, 0).astype(np.uint8)
    upload(panel, 1, "mask.png", png(mask))
    assert panel.error is None and mine.sample.mask is not None and (mine.sample.mask == (mask > 0)).all()
    upload(panel, 1, "cut.png", png(mask[:, :30]))
    assert "cut.png: the mask is" in said(panel) and mine.sample.mask is not None
    panel.controls["network"].value = "blind"
    assert panel.error is None  # the complaint goes with the next change


def test_unreadable_upload_names_the_file_and_keeps_the_picture():
    mine = desk(private=True)
    panel = upload_explorer(mine)
    upload(panel, 0, "notes.png", b"words")
    assert "notes.png: is not a readable image; upload a PNG" in said(panel) and mine.sample.name == "disc"


def test_typed_pixel_size_gives_millimetres_until_another_picture_comes():
    mine = desk(private=True)
    panel = upload_explorer(mine)
    pixel = panel.children[1].children[2]
    pixel.value = 0.2
    assert mine.spacing_mm == (0.2, 0.2) and mine.source == "pixel size typed in"
    upload(panel, 0, "mine.png", png(disc_sample("other", 22).image))
    assert pixel.value == 0 and mine.spacing_mm is None


def test_what_is_saved_of_a_private_desk_does_not_depend_on_its_picture():
    stills = []
    for radius in (12, 24):
        mine = desk(private=True)
        panels = [upload_explorer(mine), ruler_explorer(mine), measure_explorer(mine), points_explorer(mine)]
        mine.put(Sample(disc_sample("secret", radius).image, None, f"secret {radius}", None))
        stills.append([panel._repr_mimebundle_()["image/png"] for panel in panels])
    assert stills[0] == stills[1]
