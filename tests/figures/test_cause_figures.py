"""Figures of why a boundary failed: units, numbers that agree with the table, and what is said where no error is known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from figure_checks import assert_legible, assert_no_empty_axes, said
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from banet_edu import load_model, make_phantom, predict
from banet_edu.data.sample import Sample
from banet_edu.explain import boundary_profile, why
from banet_edu.explain.boundary.causes import Explanation
from banet_edu.explain.boundary.tables import Profile
from banet_edu.figures.causes import causes_figure
from banet_edu.figures.style import VERMILLION
from banet_edu.figures.unrolled import unrolled_figure
from banet_edu.figures.why import REASON_STYLES, doubtful_figure, main_reason
from banet_edu.prediction import Prediction

Case = tuple[Sample, Prediction, Profile, Explanation]


def of(sample: Sample, prediction: Prediction, **options) -> Case:
    profile = boundary_profile(sample, prediction, **options)
    return sample, prediction, profile, why(profile)


def with_level(sample: Sample, inside: np.ndarray) -> Prediction:
    """A prediction that is sure: 0.5 where `inside` (pixels) is 0."""
    probability = (1 / (1 + np.exp(-np.clip(inside, -20, 20)))).astype(np.float32)
    return Prediction(probability, (inside >= 0).astype(np.uint8), sample.name, ("a", "b"), 0.5, sample.spacing_mm)


@pytest.fixture(scope="module")
def cases() -> dict[str, Case]:
    model = load_model("banet-lite-phantom")
    faint = make_phantom("dermoscopy", seed=4004, contrast={(40, 120): 0.1})
    lungs = make_phantom("lung", seed=4001)
    bare = Sample(make_phantom("polyp", seed=4002).image, None, "no mask")
    rows, columns = np.mgrid[:120, :300]
    cut = 60 - np.hypot(
        rows * 1.0, (columns - 150) * 0.5
    )  # half a disc at the upper frame, pixels twice as high as wide
    wide = Sample(np.repeat(np.where(cut >= 0, 90, 200).astype(np.uint8)[..., None], 3, 2), cut >= 0, "cut", (1.0, 0.5))
    nothing = Sample(faint.image, np.zeros((256, 256), bool), "nothing outlined", faint.spacing_mm)
    return {
        "faint": of(faint, predict(model, faint)),
        "faint, along the prediction": of(faint, predict(model, faint), along="prediction"),
        "lungs": of(lungs, predict(model, lungs)),
        "no reference": of(bare, predict(model, bare)),
        "missed": of(faint, with_level(faint, np.full((256, 256), -9.0))),
        "hallucinated": of(nothing, with_level(faint, -faint.signed_distance_px)),
        "cut by the frame": of(wide, with_level(wide, cut + 3)),
    }


@pytest.fixture(scope="module")
def figures(cases) -> dict[tuple[str, str], Figure]:
    drawn: dict[tuple[str, str], Figure] = {}
    for name, (sample, prediction, profile, explanation) in cases.items():
        drawn["unrolled", name] = unrolled_figure(sample, profile, explanation=explanation, title=name)
        drawn["causes", name] = causes_figure(explanation, title=name)
        drawn["doubtful", name] = doubtful_figure(sample, prediction, profile, explanation, title=name)
    return drawn


@pytest.mark.landing
def test_every_figure_is_legible_and_has_no_empty_panel(figures) -> None:
    for (kind, name), figure in figures.items():
        assert isinstance(figure, Figure)
        known = name not in ("no reference", "missed", "hallucinated")
        assert len(figure.axes) == {"unrolled": 5 + known, "causes": 1, "doubtful": 2}[kind], (kind, name)
        assert_legible(figure, f"{kind} of {name}")
        assert_no_empty_axes(figure, f"{kind} of {name}")
        assert name in said(figure)


@pytest.mark.parametrize(
    ("kind", "name", "words"),
    [
        ("unrolled", "faint", "signed error\n(mm)"),
        ("unrolled", "faint", "edge width\n(mm)"),
        ("unrolled", "faint", "slack\n(mm)"),
        ("unrolled", "faint", "share\n(%)"),
        ("unrolled", "faint", "arc length along the outline (mm)"),
        ("unrolled", "faint", "within ± 1 mm"),
        ("unrolled", "faint", "1: low contrast"),
        ("unrolled", "faint", "12 o'clock"),
        ("unrolled", "lungs", "outline 2"),
        ("unrolled", "lungs", "arc length along each outline (mm)"),
        ("unrolled", "no reference", "no reference: no error is known"),
        ("unrolled", "no reference", "arc length along the outline (% of the image diagonal)"),
        ("unrolled", "missed", "missed: nothing was found"),
        ("unrolled", "hallucinated", "the expert outlines nothing here"),
        ("causes", "faint", "the others held (mm; line: 95 % interval)"),
        ("causes", "faint", "present along"),
        ("causes", "no reference", "share of the outline where it is present (%); no error is known"),
        ("causes", "missed", "no error is known"),
        ("doubtful", "faint", "from 11 to 2 o'clock, 5.6 mm: low\n    contrast; off by 0.63 mm"),
        ("doubtful", "faint", "2 mm"),
        ("doubtful", "lungs", "of outline 1"),
        ("doubtful", "no reference", "% of the"),
        ("doubtful", "cut by the frame", "reference"),
    ],
)
def test_units_and_meaning_stand_in_the_figure(figures, kind: str, name: str, words: str) -> None:
    assert words in said(figures[kind, name])


def test_no_scale_bar_without_a_spacing(figures) -> None:
    assert "mm" not in said(figures["doubtful", "no reference"])


def test_without_an_explanation_the_doubtful_stretches_are_looked_for(cases) -> None:
    sample, _, profile, explanation = cases["faint"]
    assert said(unrolled_figure(sample, profile)) == said(unrolled_figure(sample, profile, explanation=explanation))


def test_the_other_outline_lies_at_its_signed_distance(cases, figures) -> None:
    for name, sign in (("faint", 1), ("faint, along the prediction", -1)):
        profile = cases[name][2]
        strip = figures["unrolled", name].axes[0]
        [line] = [line for line in strip.lines if line.get_label() == ("outline" if sign == 1 else "reference")]
        np.testing.assert_allclose(line.get_ydata(), sign * profile["signed_error_mm"])
        np.testing.assert_allclose(line.get_xdata(), profile["arc_mm"])


def test_outlines_follow_one_another_without_overlap(cases, figures) -> None:
    profile, panel = cases["lungs"][2], figures["unrolled", "lungs"].axes[1]
    first, second = (line.get_xdata() for line in panel.lines if len(line.get_xdata()) > 10)
    assert first[0] == 0 and first[-1] < second[0]
    assert second[-1] - second[0] == pytest.approx(profile.loc[profile["contour"] == 1, "arc_mm"].max())
    ticks = [label.get_text() for label in figures["unrolled", "lungs"].axes[-1].get_xticklabels()]
    assert ticks.count("0") == 2


def test_bars_are_the_tables_effects_and_only_named_causes_are_coloured(cases, figures) -> None:
    table = cases["faint"][3].ranking
    axes = figures["causes", "faint"].axes[0]
    drawn = table["effect_mm"].where(table["share"] > 0, 0.0)  # what is present nowhere has no bar
    np.testing.assert_allclose([bar.get_width() for bar in axes.patches], drawn)
    coloured = [to_hex(bar.get_facecolor()).upper() == VERMILLION for bar in axes.patches]
    assert coloured == table["named"].tolist() and any(coloured)
    assert [label.get_text() for label in axes.get_yticklabels()] == table["words"].tolist()
    shares = [bar.get_width() for bar in figures["causes", "no reference"].axes[0].patches]
    np.testing.assert_allclose(shares, 100 * cases["no reference"][3].ranking["share"])


def test_a_stretch_over_the_first_point_is_drawn_in_order(cases) -> None:
    profile, explanation = cases["lungs"][2:]
    crossing = explanation.segments[explanation.segments["from_mm"] > explanation.segments["to_mm"]]
    assert len(crossing)
    for _, stretch in crossing.iterrows():
        rows = profile.between(stretch["contour"], stretch["from_mm"], stretch["to_mm"])
        steps = np.hypot(*np.diff(rows[["row", "column"]].to_numpy(), axis=0).T)
        assert steps.max() < 3 * np.median(steps)
        step = profile["arc_mm"].diff().median()
        assert len(rows) * step == pytest.approx(stretch["length_mm"], rel=0.02)


def test_reasons_differ_in_more_than_colour() -> None:
    assert len({style.line for style in REASON_STYLES.values()}) == len(REASON_STYLES)
    assert len({style.marker for style in REASON_STYLES.values()}) == len(REASON_STYLES)
    assert main_reason("hair/line or highlight, soft edge") == "hair/line or highlight"
    from banet_edu.explain.boundary.segments import _WORDS
    from banet_edu.explain.boundary.track_record import REASONS

    assert set(_WORDS.values()) | set(REASONS) == set(REASON_STYLES)


def test_hours_stand_in_the_direction_that_the_sentences_mean(cases, figures) -> None:
    profile = cases["faint"][2]
    centre = profile[["row", "column"]].mean()
    hours = {text.get_text(): text.get_position() for text in figures["doubtful", "faint"].axes[0].texts}
    for hour, direction in (("12", 90), ("3", 0), ("6", 270), ("9", 180)):
        x, y = hours[f"{hour} h"]
        angle = np.degrees(np.arctan2(centre["row"] - y, x - centre["column"])) % 360
        assert abs((angle - direction + 180) % 360 - 180) < 1


@pytest.mark.parametrize("name", ["lungs", "no reference"])
def test_a_plain_table_is_drawn_as_the_profile_is(cases, name: str) -> None:
    sample, prediction, profile, explanation = cases[name]
    plain = pd.DataFrame(profile)
    assert type(plain) is pd.DataFrame
    assert said(unrolled_figure(sample, plain)) == said(unrolled_figure(sample, profile))
    drawn = doubtful_figure(sample, prediction, plain, why(plain))
    assert said(drawn) == said(doubtful_figure(sample, prediction, profile, explanation))


def test_bad_arguments_are_errors(cases) -> None:
    sample, prediction, profile, explanation = cases["faint"]
    with pytest.raises(ValueError, match="no boundary profile"):
        unrolled_figure(sample, profile.drop(columns="arc_mm"))
    with pytest.raises(ValueError, match="no boundary profile"):
        doubtful_figure(sample, prediction, explanation.segments, explanation)
    two = pd.concat([profile, profile.assign(name="other")], ignore_index=True)
    for table, words in ((profile.iloc[:0], "the profile is empty"), (two, "the profile holds 2")):
        with pytest.raises(ValueError, match=words):
            unrolled_figure(sample, table)
        with pytest.raises(ValueError, match=words):
            doubtful_figure(sample, prediction, table, explanation)
