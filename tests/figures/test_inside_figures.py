"""Figures of what happens inside: each shows what its trace holds, with units, and says clearly what a network lacks."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from figure_checks import assert_legible, assert_no_empty_axes, said
from known_model import Brightness, disc_sample
from matplotlib.figure import Figure
from network_variants import build, picture

from banet_edu.data.sample import Sample
from banet_edu.explain.inside.blocks import edge_maps, gate_matrix, taken_over
from banet_edu.explain.inside.effects import effect, effects
from banet_edu.explain.inside.interventions import intervene
from banet_edu.explain.inside.trace import Trace, probe
from banet_edu.figures.blocks import (
    attention_figure,
    gate_maps_figure,
    gate_matrix_figure,
    pyramid_figure,
)
from banet_edu.figures.effects import before_after_figure, effects_figure
from banet_edu.figures.ladder import ladder_figure

# Wider than high, the mask at its own size: nothing may come out squeezed or in the wrong place.
IMAGE = np.random.default_rng(0).integers(0, 256, (60, 90, 3), dtype=np.uint8)
MASK = np.zeros((120, 180), bool)
MASK[30:80, 50:120] = True
SAMPLE = Sample(IMAGE, MASK, "noise", spacing_mm=(0.5, 0.5))
DISC = disc_sample("disc")


def moved_right(logits: torch.Tensor) -> torch.Tensor:
    return torch.roll(logits, 2, dims=-1)


def nothing(logits: torch.Tensor) -> torch.Tensor:
    return torch.tensor([9.0, -9.0])[:, None, None].expand_as(logits)


@pytest.fixture(scope="module")
def model():
    return build("default")


@pytest.fixture(scope="module")
def trace(model) -> Trace:
    return probe(model, SAMPLE)


@pytest.fixture(scope="module")
def figures(model, trace) -> dict[str, tuple[Figure, int]]:
    """Name -> figure and how many panels it must have, colour bars not counted."""
    moved = effect(Brightness(), DISC, {"logits": moved_right}, name="moved by 2 mm")
    gone = effect(Brightness(), DISC, {"logits": nothing}, name="everything off")
    table = effects(model, SAMPLE)
    average, kernels, blog = (probe(build(v), SAMPLE) for v in ("average", "three kernels", "blog attention"))
    plain = probe(build("no edge task"), picture())
    with intervene(model, {f"stage{i}.ia.seg_weight": 1.0 for i in (1, 2, 3, 4)}):
        constant = probe(model, SAMPLE)
    return {
        "pyramid": (pyramid_figure(trace), 8),
        "pyramid with image": (pyramid_figure(trace, IMAGE, title="edges"), 9),
        "pyramid of averages": (pyramid_figure(average, IMAGE), 9),
        "pyramid of three kernels": (pyramid_figure(kernels), 12),
        "attention": (attention_figure(trace), 8),
        "attention with image": (attention_figure(trace, IMAGE, title="who listens"), 9),
        "attention of the blog": (attention_figure(blog, IMAGE), 5),
        "attention switched off": (attention_figure(constant), 8),
        "gate matrix": (gate_matrix_figure(trace), 1),
        "gate weights": (gate_matrix_figure(trace, effective=True), 1),
        "gate maps": (gate_maps_figure(trace, 2), 4),
        "gate maps with image": (gate_maps_figure(trace, 4, IMAGE, title="stage 4"), 5),
        "ladder": (ladder_figure(trace, IMAGE, MASK, title="a case"), 15),
        "ladder without reference": (ladder_figure(trace, IMAGE), 15),
        "ladder without edges": (ladder_figure(plain, IMAGE), 10),
        "before and after": (before_after_figure(DISC.image, moved, DISC.mask), 3),
        "before and after without reference": (before_after_figure(DISC.image, moved), 3),
        "nothing after": (before_after_figure(DISC.image, gone, DISC.mask), 3),
        "effects": (effects_figure(table, top=10, title="knobs"), 2),
        "effects without reference": (effects_figure(effects(model, IMAGE, ["stage1 off", "cff off"])), 2),
    }


def panels(figure: Figure) -> list:
    return [axes for axes in figure.axes if axes.get_label() != "<colorbar>"]


@pytest.mark.landing
def test_every_figure_is_legible_and_has_no_empty_panel(figures) -> None:
    for name, (figure, count) in figures.items():
        assert isinstance(figure, Figure)
        assert len(panels(figure)) == count, name
        assert_legible(figure, name)
        assert_no_empty_axes(figure, name)


def test_every_colour_bar_and_number_axis_is_labelled(figures) -> None:
    for name, (figure, _) in figures.items():
        for axes in figure.axes:
            if axes.get_label() == "<colorbar>":
                assert axes.get_xlabel() or axes.get_ylabel(), name
            elif name.startswith("effects"):
                assert axes.get_xlabel(), name


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("pyramid", "edge strength"),
        ("attention", "share taken over from the other branch, 1 − a"),
        ("attention of the blog", "share taken over from the other branch, a,"),
        ("gate matrix", "0: nothing passes"),
        ("gate weights", "(1 − own gate) × gate"),
        ("gate maps", "gate at stage 2 (8 × 8)"),
        ("ladder", "probability of the object"),
        ("before and after", "shift of the boundary (mm)"),
        ("before and after", "moved by 2 mm"),
        ("nothing after", "nothing is found any more"),
        ("effects", "change of ASSD (mm)"),
        ("effects without reference", "mean shift of the boundary (px)"),
    ],
)
def test_units_and_meaning_stand_in_the_figure(figures, name: str, words: str) -> None:
    assert words in said(figures[name][0])


def test_pictures_keep_the_images_proportions(figures) -> None:
    for name in ("pyramid with image", "attention with image", "gate maps with image", "ladder"):
        figures[name][0].canvas.draw()  # panels get their places as a figure is drawn
        for axes in panels(figures[name][0]):
            assert axes.images[0].get_extent() == [-0.5, 179.5, 119.5, -0.5], name
            box = axes.get_window_extent()
            assert box.height / box.width == pytest.approx(120 / 180, abs=0.02), name


def test_both_forms_show_the_same_edges() -> None:
    from banet_edu.banet.pee import convert_pee

    averages = build("average")
    shown = edge_maps(probe(averages, SAMPLE), 3)
    twin = edge_maps(probe(convert_pee(averages, "difference"), SAMPLE), 3)
    assert list(shown) == [3, 5]
    for k in shown:
        np.testing.assert_allclose(shown[k], twin[k], atol=1e-5)


def test_what_is_taken_over_is_one_minus_the_weight(trace) -> None:
    np.testing.assert_allclose(taken_over(trace, 1, "seg"), 1 - trace["stage1.ia.seg_weight"][0].mean(0), atol=1e-6)
    blog = probe(build("blog attention"), SAMPLE)
    np.testing.assert_allclose(taken_over(blog, 1, "edge"), blog["stage1.ia.edge_weight"][0].mean(0), atol=1e-6)


def test_gate_matrix_holds_the_means_row_by_listening_stage(model, trace) -> None:
    gates = gate_matrix(trace)
    assert gates[1, 3] == pytest.approx(float(trace["stage2.cff.gate_from_stage4"].mean()))
    assert gates[2, 2] == pytest.approx(float(trace["stage3.cff.gate_own"].mean()))
    own, other = trace["stage2.cff.gate_own"], trace["stage2.cff.gate_from_stage4"]
    weights = gate_matrix(trace, effective=True)
    assert weights[1, 3] == pytest.approx(float(((1 - own) * other).mean()))
    assert (np.diag(weights) == 1).all()
    with intervene(model, {"stage2.cff.gate_own": 1.0}):
        closed = gate_matrix(probe(model, SAMPLE), effective=True)
    assert closed[1].tolist() == [0, 1, 0, 0]


def test_ladder_says_the_overlap_of_each_step(trace) -> None:
    from banet_edu.metrics.overlap import overlap

    title = ladder_figure(trace, IMAGE, MASK).axes[4].get_title()
    row = overlap(trace.prediction.mask, MASK)
    assert title == f"final: JA {row['JA']:.2f}"


def test_effects_say_where_no_distance_exists() -> None:
    table = pd.DataFrame(
        {
            "knob": ["a off", "b off", "c off"],
            "JA_change": [-0.8, 0.01, -0.1],
            "assd_mm_change": [np.nan, -0.1, 0.5],
            "status_after": ["missed", "ok", "ok"],
        }
    )
    figure = effects_figure(table, top=2)
    assert [text.get_text() for text in figure.axes[0].get_yticklabels()] == ["a off", "c off"]  # the two strongest
    assert "missed: no distance" in said(figure)
    assert "b off" not in said(figure)


@pytest.mark.parametrize(
    ("draw", "variant", "words"),
    [
        (pyramid_figure, "no pee", "no edge pyramid"),
        (pyramid_figure, "unet", "no edge pyramid"),
        (attention_figure, "no attention", "no interactive attention"),
        (attention_figure, "no edge task", "no interactive attention"),
        (attention_figure, "unet", "no interactive attention"),
        (gate_matrix_figure, "no cff", "no cross feature fusion"),
        (lambda trace: gate_maps_figure(trace, 1), "unet", "no cross feature fusion"),
        (lambda trace: ladder_figure(trace, IMAGE), "unet, same encoder", "no side outputs"),
    ],
)
def test_a_network_without_the_block_is_an_error_that_says_so(draw, variant: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        draw(probe(build(variant), picture()))


def test_other_bad_arguments_are_errors(trace) -> None:
    with pytest.raises(ValueError, match="got 5"):
        gate_maps_figure(trace, 5)
    with pytest.raises(ValueError, match="the reference is 60 x 90"):
        ladder_figure(trace, IMAGE, np.zeros((60, 90), bool))
    with pytest.raises(ValueError, match="empty"):
        effects_figure(pd.DataFrame())
