"""The viewer of volumes: sliders, presses and words agree with the volume."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from painted_volumes import ball_case
from sweeps import FEW, sweep

from banet_edu.course.viewer import volume_explorer
from banet_edu.data.volume import Volume
from banet_edu.figures.volumes.slices import PLANES


@pytest.fixture(scope="module")
def viewer():
    volume, prediction = ball_case((2.0, 1.0, 1.0), radius=6.0, grown=1.0)
    labels = volume.mask.astype(np.uint8)
    labels[:, :, volume.shape[2] // 2 :] *= 2
    found = replace(
        prediction, labels=prediction.mask * np.where(np.arange(volume.shape[2]) < volume.shape[2] // 2, 1, 2)
    )
    found = replace(
        found, labels=found.labels.astype(np.uint8), class_names=("background", "left", "right"), margin=None
    )
    return volume_explorer(Volume(volume.image, labels, "ball", volume.spacing_mm), found)


@pytest.mark.landing
def test_every_slider_and_class_draws_another_picture(viewer):
    assert list(sweep(viewer, FEW)) == []
    assert len(viewer.alt) > 20 and viewer.error is None


def test_a_page_without_a_kernel_gets_a_sweep_of_all_controls(viewer):
    swept = viewer.swept(200)
    assert list(swept) == ["label", "z", "y", "x"] and len(swept["label"].values) == 3
    assert all(viewer.values()[name] in swept[name].values for name in swept)


def test_a_press_moves_the_other_two_planes_with_one_picture(viewer):
    before = viewer.values()
    figure, pictures = viewer._drawn, []
    viewer.picture.observe(lambda change: pictures.append(change), names="value")
    for axes, plane, kept in zip(figure.axes, PLANES, "zyx", strict=False):
        at = axes.transData.transform((6, 4)) / figure.bbox.size
        pictures.clear()
        viewer.press(at[0], 1 - at[1])
        assert len(pictures) == 1
        after = viewer.values()
        assert after["zyx"[plane.along]] == 6 and after["zyx"[plane.down]] == 4 and after[kept] == before[kept]
        for name, value in before.items():
            viewer.controls[name].value = value
    pictures.clear()
    viewer.press(0.5, 0.999)
    assert not pictures and viewer.values() == before


def test_words_are_the_values_of_the_voxel(viewer):
    middle = viewer.words()
    assert "Voxel z = " in middle[0] and "intensity" in middle[0]
    assert middle[1].startswith("Reference: ") and "probability of the foreground 1.00" in middle[1]
    # Along x from the middle: the predicted surface is 7 mm out, a millimetre outside of the reference.
    said = viewer.words(x=viewer.controls["x"].value + 7)
    assert said[1].startswith("Reference: background.") and "Prediction: " in said[1]
    assert "The predicted surface is 0." in said[2] and "there it lies 1." in said[2].replace("0.9", "1.")
    assert said[2].endswith("mm outside of the reference.")
    assert viewer.said.value.count("<br>") == 2


def test_without_a_prediction_a_mask_or_a_surface():
    volume, prediction = ball_case(radius=6.0)
    alone = volume_explorer(volume)
    assert list(alone.controls) == ["z", "y", "x"] and alone.words()[1] == "Reference: foreground."
    bare = volume_explorer(Volume(volume.image, None, "bare"), prediction, at=(1, 2, 3))
    assert bare.values() == {"z": 1, "y": 2, "x": 3} and bare.words()[2].endswith("away.")
    nothing = replace(prediction, probability=prediction.probability * 0, labels=prediction.labels * 0)
    assert volume_explorer(volume, nothing).words()[2] == "The prediction has no surface in this volume."
    empty = volume_explorer(Volume(volume.image, volume.mask & False, "empty", (1, 1, 1)), prediction)
    assert empty.words()[2].endswith("its error is not known: the reference has no surface.")


def test_without_a_choice_of_class_a_page_without_a_kernel_has_room_for_the_planes(viewer):
    volume, prediction = ball_case(radius=6.0)
    names = ("background", "left", "right")
    swept = volume_explorer(volume, replace(prediction, class_names=names), by_class=False).swept()
    assert list(swept) == ["z", "y", "x"] and min(len(each.values) for each in swept.values()) >= 5
