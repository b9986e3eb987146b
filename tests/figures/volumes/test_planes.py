"""Three planes: what is drawn where, in which proportions and colours; and the distribution of errors."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from figure_checks import assert_legible, assert_no_empty_axes, said
from matplotlib.collections import LineCollection
from painted_volumes import ball_case

from banet_edu.data.volume import Volume
from banet_edu.datasets.volumes.grid import Grid
from banet_edu.explain import boundary_profile
from banet_edu.explain.volumes.one_class import of_class
from banet_edu.figures.style import png_bytes
from banet_edu.figures.volumes.distribution import distribution_figure
from banet_edu.figures.volumes.planes import middle_of, planes_figure
from banet_edu.figures.volumes.slices import AXIAL, CORONAL, PLANES, SAGITTAL, plane_at

SPACING = (2.0, 1.0, 0.5)


def oriented(volume: Volume) -> Volume:
    depth, height, width = volume.shape
    grid = Grid((width, height, depth), np.diag([0.5, 1.0, 2.0, 1.0]))
    return Volume(volume.image, volume.mask, "ball", SPACING, grid=grid)


def drawn_lines(axes) -> list[np.ndarray]:
    return [line for each in axes.collections if isinstance(each, LineCollection) for line in each.get_segments()]


def test_a_millimetre_is_as_long_in_every_plane_and_direction():
    volume, prediction = ball_case(SPACING)
    figure = planes_figure(volume, prediction)
    figure.draw_without_rendering()
    scales = []
    for axes, plane in zip(figure.axes, PLANES, strict=False):
        box = axes.get_window_extent()
        scales += [box.width / (volume.shape[plane.along] * SPACING[plane.along])]
        scales += [box.height / (volume.shape[plane.down] * SPACING[plane.down])]
    assert scales == pytest.approx([scales[0]] * 6, rel=1e-3)
    assert_legible(figure, "planes")
    assert_no_empty_axes(figure, "planes")
    assert "signed error of the prediction (mm)" in figure.axes[3].get_xlabel()


def test_the_patients_right_is_on_the_left_and_is_named_where_it_is_known():
    volume, prediction = ball_case(SPACING)
    known = planes_figure(oriented(volume), prediction, (10, 12, 20))
    axial, coronal, sagittal = known.axes[:3]
    for axes, letters in ((axial, "RLAP"), (coronal, "RLSI"), (sagittal, "APSI")):
        places = {text.get_text(): text.get_position() for text in axes.texts}
        left, right, upper, lower = letters
        assert places[left][0] < 0.1 and places[right][0] > 0.9 and places[upper][1] > 0.9 and places[lower][1] < 0.1
        assert axes.xaxis_inverted() and not axes.yaxis_inverted()
    assert [axes.get_title() for axes in known.axes[:3]] == ["axial, z = 10", "coronal, y = 12", "sagittal, x = 20"]
    unknown = said(planes_figure(volume, prediction))
    assert "+x" in unknown and "\N{MINUS SIGN}z" in unknown


def test_outlines_lie_in_their_slices_and_carry_the_error_of_their_side():
    volume, prediction = ball_case(SPACING, shift_mm=(0.0, 0.0, 2.0))
    figure = planes_figure(volume, prediction, limit=2.0)
    middle = (np.array(volume.shape) - 1) / 2
    for axes, plane in zip(figure.axes, (AXIAL, CORONAL), strict=False):
        segments = np.array(drawn_lines(axes))
        colours = np.concatenate([each.get_colors() for each in axes.collections])
        across, down = (segments.mean(axis=1) - [middle[2], middle[plane.down]]).T
        far = np.hypot((across * 0.5 - 2.0), down * SPACING[plane.down])
        assert far == pytest.approx(10.0, abs=0.7)  # the prediction's ball, which was moved to +x
        outer, inner = across * 0.5 > 10, across * 0.5 < -6
        assert (colours[outer, 0] > colours[outer, 2]).all() and (colours[inner, 0] < colours[inner, 2]).all()
    assert figure.axes[3].get_xlim() == (-2.0, 2.0)


def test_without_mask_prediction_or_spacing_and_where_nothing_is_found():
    volume, prediction = ball_case(SPACING)
    bare = Volume(volume.image, None, "bare")
    assert len(planes_figure(bare).axes) == len(planes_figure(bare, prediction).axes) == 3
    nothing = replace(prediction, probability=prediction.probability * 0, labels=prediction.labels * 0)
    assert "missed: nothing found" in said(planes_figure(volume, nothing))
    empty = Volume(volume.image, volume.mask & False, "empty")
    assert "no reference here" in said(planes_figure(empty, prediction))
    assert "nothing there, nothing found" in said(planes_figure(empty, nothing, title="a title $x$"))
    unknown, found = ball_case(SPACING, known=False, grown=1.0)
    assert "% of the diagonal" in planes_figure(unknown, found).axes[3].get_xlabel()
    with pytest.raises(ValueError, match=r"the voxel \(99, 0, 0\) is not in a volume of"):
        planes_figure(volume, at=(99, 0, 0))
    with pytest.raises(ValueError, match="the prediction"):
        planes_figure(Volume(np.zeros((9, 9, 9)), None, "a"), prediction)


def test_the_middle_is_that_of_the_mask_then_of_the_prediction_then_of_the_volume():
    mask = np.zeros((10, 12, 14), bool)
    mask[2:5, 6:9, 10:13] = True
    volume = Volume(np.zeros(mask.shape), mask, "a")
    assert middle_of(volume) == (3, 7, 11)
    assert middle_of(Volume(np.zeros(mask.shape), None, "a")) == (5, 6, 7)


def test_a_press_is_found_in_its_plane():
    volume, prediction = ball_case(SPACING)
    figure = planes_figure(volume, prediction)
    for axes, plane in zip(figure.axes, PLANES, strict=False):
        across, down = axes.transData.transform((7, 5)) / figure.bbox.size
        found, at_down, at_along = plane_at(figure, across, 1 - down)
        assert found == plane and (at_down, at_along) == pytest.approx((5, 7))
    assert plane_at(figure, 0.5, 0.99) is None
    assert SAGITTAL.across == 2 and CORONAL.across == 1


def test_one_class_alone():
    volume, prediction = ball_case()
    labels = volume.mask.astype(np.uint8)
    labels[volume.shape[0] // 2 :] *= 2
    several = Volume(volume.image, labels, "two", volume.spacing_mm)
    found = replace(prediction, labels=labels, class_names=("background", "lower", "upper"))
    alone, one = of_class(several, found, 2)
    np.testing.assert_array_equal(alone.mask, labels == 2)
    np.testing.assert_array_equal(one.mask, labels == 2)
    assert one.class_names == ("background", "upper")
    assert boundary_profile(alone, one)["signed_error_mm"].abs().mean() < 0.3


def test_the_distribution_says_mean_and_share_of_the_surface():
    profile = boundary_profile(*ball_case(grown=1.5))
    figure = distribution_figure({"grown": profile, "again": profile}, title="two")
    mean, within = float((profile["signed_error_mm"] * profile["share"]).sum()), profile["signed_error_mm"].abs() <= 1
    assert figure.axes[0].get_title() == (
        f"grown: mean {mean:+.2f} mm, {100 * profile['share'][within].sum():.0f} % of the surface within 1 mm"
    )
    bars = figure.axes[0].patches
    assert sum(bar.get_height() for bar in bars) == pytest.approx(100)
    assert_legible(figure, "distribution")
    missed = boundary_profile(
        *(lambda v, p: (v, replace(p, labels=p.labels * 0, probability=p.probability * 0)))(*ball_case())
    )
    with pytest.raises(ValueError, match="at least one profile with errors"):
        distribution_figure({"missed": missed})
    with pytest.raises(ValueError, match="one profile is in mm and another in"):
        distribution_figure({"a": profile, "b": boundary_profile(*ball_case(known=False))})
    assert png_bytes(figure)
