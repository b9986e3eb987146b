"""What a decision rests on: attribution maps over the band, shares of the knobs, and whether they can be believed."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import fill

import cv2
import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from numpy.typing import NDArray

from banet_edu.explain.inside.attribution import Attribution
from banet_edu.explain.inside.faithfulness import FaithfulnessResult
from banet_edu.explain.inside.randomisation import SIMILAR, RandomisationResult
from banet_edu.figures.contour import draw_lines, draw_scale_bar, mask_outlines
from banet_edu.figures.effects import in_words
from banet_edu.figures.style import (
    BLUE,
    INK,
    PREDICTION,
    SIGNED,
    VERMILLION,
    draw_image,
    new_figure,
    proportion,
    styled,
)
from banet_edu.prediction import Prediction

SUPPORTS, OPPOSES = VERMILLION, BLUE  # the two ends of SIGNED: for and against the score
_GREY = "#8C8C8C"
_LONGEST_LINE = 112  # characters of a title over the whole width

_NAMES = {
    "integrated_gradients": "Integrated Gradients",
    "occlusion": "Occlusion",
    "gradcam": "GradCAM",
    "feature_ablation": "Each knob alone",
    "shapley": "Shapley values",
}

# Parts of a network as its parameters are called -> in words.
_STAGES = {
    "head.classifier": "last layer",
    "head.decoder": "decoder",
    "head.cff": "CFF",
    "head.mini_mtl": "PEE, attention",
    **{f"encoder.layer{stage}": f"encoder, stage {stage}" for stage in (1, 2, 3, 4)},
    "encoder.bn1": "first norm",
    "encoder.conv1": "first layer",
}


def attribution_figure(
    image: NDArray[np.uint8],
    attribution: Attribution,
    prediction: Prediction | None = None,
    *,
    verdict: str = "",
    everywhere: bool = True,
    title: str = "",
) -> Figure:
    """The image with the region outlined, beside the attribution map drawn over it.

    Args:
        image: H x W x 3 uint8, the explained sample's.
        attribution: of a pixel method. Its colour scale ends at the 99.5th percentile of what is drawn.
        prediction: of the same sample, for its contour and scale bar.
        verdict: of `deletion_insertion` or `randomisation_check`, for the title.
        everywhere: draw the map over the whole image; else inside the region only, and larger.
        title: instead of method and region.

    Raises ValueError on an attribution without a map, or a prediction of another size.
    """
    if attribution.map is None:
        raise ValueError(f"{attribution.method} gives no map: draw it with knob_values_figure")
    size = attribution.region.mask.shape
    if prediction is not None and prediction.mask.shape != size:
        raise ValueError(f"the region is {size}, the prediction {prediction.mask.shape}: they must be of one sample")
    spacing = None if prediction is None else prediction.spacing_mm
    figure, axes = new_figure(1, 2, height=1.25 + 3.9 * proportion(size, spacing))
    plain, drawn = axes[0]
    grey = np.repeat(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2)
    pale = (0.55 * grey + 0.45 * 255).astype(np.uint8)
    with styled():
        draw_image(plain, image, size, spacing_mm=spacing)
        draw_image(drawn, pale, size, spacing_mm=spacing)
        colours = _draw_map(drawn, attribution, everywhere)
        lines = mask_outlines(attribution.region.mask)
        draw_lines(plain, lines, colour="w", label="region", width=1.2)
        for line in lines:
            drawn.plot(line[:, 1], line[:, 0], color=INK, linewidth=0.8, linestyle=(0, (4, 2)))
        if prediction is not None:
            draw_lines(plain, prediction.contours, colour=PREDICTION, label="outline")
            for line in prediction.contours:
                drawn.plot(line[:, 1], line[:, 0], color=INK, linewidth=1.4)
            if spacing is not None:
                draw_scale_bar(plain, size, spacing)
        plain.legend(loc="upper right", labelcolor="w", facecolor=INK, framealpha=0.7, frameon=True)
        plain.set_title(attribution.region.name)
        drawn.set_title(_effect_line(attribution))
        if not everywhere:
            _zoom(drawn, attribution.region.mask)
        bar = figure.colorbar(colours, ax=drawn, fraction=0.046, pad=0.02, extend="both")
        bar.set_label(_unit(attribution))
        figure.suptitle(_title(title or f"{_NAMES[attribution.method]}: {_question(attribution)}", verdict))
    return figure


def knob_values_figure(attribution: Attribution, *, title: str = "", order: Sequence[str] = ()) -> Figure:
    """One bar per knob (what can be switched off), longest first or in `order`: its share of the score. Title: the sum.

    Raises ValueError on an attribution of a pixel method.
    """
    if attribution.values is None or attribution.total_effect is None:
        raise ValueError(f"{attribution.method} gives a map: draw it with attribution_figure")
    table = attribution.values.sort_values("value", key=np.abs, kind="stable")
    if order:
        table = table.set_index("knob").loc[list(order)[::-1]].reset_index()
    values = table["value"].to_numpy(float)
    figure, axes = new_figure(height=1.6 + 0.29 * len(table))
    panel = axes[0][0]
    with styled():
        panel.barh(table["knob"].map(in_words), values, color=np.where(values >= 0, SUPPORTS, OPPOSES), height=0.7)
        reach = max(float(np.abs(values).max()), 1e-9)
        for at, value in enumerate(values):
            panel.text(
                value + np.copysign(0.012 * reach, value), at, f"{value:+.2f}", va="center",
                ha="left" if value >= 0 else "right", fontsize=9,
            )  # fmt: skip
        panel.axvline(0, color=INK, linewidth=0.8)
        panel.margins(x=0.1)
        panel.grid(axis="y", visible=False)
        panel.set_xlabel("share of the score (logits): what switching it off costs (orange) or gains (blue)")
        total, parts = attribution.total_effect, float(values.sum())
        how = f"shares add up to {parts:.2f}, all of them together cost {total:.2f}"
        if attribution.completeness_error is None:
            how = f"shares add up to {parts:.2f}, but all of them together cost {total:.2f}: they overlap"
            how = how if abs(parts - total) > 0.01 * abs(total) else how.split(", but")[0]
        figure.suptitle(_title(title or f"{_NAMES[attribution.method]}: {_question(attribution)}", how))
    return figure


def deletion_insertion_figure(result: FaithfulnessResult, *, title: str = "") -> Figure:
    """Both curves with the range of the random orders shaded; the verdict is the title."""
    figure, axes = new_figure(1, 2, height=4.2, sharey=True)
    percent = 100 * result.fraction
    panels = (
        ("deletion", result.deletion, result.random_deletion, "blurred", "lower is better"),
        ("insertion", result.insertion, result.random_insertion, "shown", "higher is better"),
    )
    with styled():
        for panel, (name, curve, random, done, better) in zip(axes[0], panels, strict=True):
            panel.fill_between(percent, random.min(axis=0), random.max(axis=0), color=_GREY, alpha=0.35, linewidth=0,
                               label=f"{len(random)} random orders")  # fmt: skip
            panel.plot(percent, random.mean(axis=0), color=_GREY, linewidth=1.4, linestyle="--")
            panel.plot(percent, curve, color=VERMILLION, linewidth=2.0, label=_NAMES[result.method])
            panel.set_xlabel(f"pixels of the region {done} (%)")
            panel.set_title(f"{name} ({better})")
            panel.legend(loc="best")
            panel.margins(y=0.15)
            panel.axhline(0, color=INK, linewidth=0.8)  # where the decision turns: a cut axis makes a dip of any fall
        axes[0][0].set_ylabel("score of the region (logits)")
        figure.suptitle(_title(title or f"{_NAMES[result.method]}, {result.region.name}", result.verdict))
    return figure


def randomisation_figure(result: RandomisationResult, *, title: str = "") -> Figure:
    """How alike the maps are as more and more of the network is noise: a bar per stage, a dot per seed; the verdict on top."""
    figure, axes = new_figure(height=4.6)
    panel = axes[0][0]
    grouped = result.table.groupby("randomised", sort=True)
    steps = np.arange(len(grouped))
    stages = grouped["stage"].first().tolist()
    with styled():
        panel.bar(steps, grouped["similarity"].mean(), color=BLUE, width=0.6, label="inside the region")
        panel.scatter(
            result.table["randomised"] - 1, result.table["similarity"], color=INK, s=14, zorder=3, label="one seed"
        )
        panel.plot(steps, grouped["similarity_image"].mean(), color=_GREY, marker="D", markersize=5, linewidth=0,
                   label="whole image (most of it is alike only in being far from the region)")  # fmt: skip
        panel.axhline(SIMILAR, color=VERMILLION, linestyle="--", linewidth=1.2)
        panel.axhline(0, color=INK, linewidth=0.8)
        panel.text(len(steps) - 0.45, SIMILAR + 0.01, "alike", color=VERMILLION, ha="right", va="bottom", fontsize=9)
        named = [_STAGES.get(name, name) for name in stages]
        panel.set_xticks(steps, [named[0], *(f"+ {name}" for name in named[1:])], rotation=30, ha="right")
        panel.set_xlabel("replaced by noise, from the output to the input")
        panel.set_ylabel("rank correlation of |map| with\nthe trained network's (1 = alike)")
        low = min(float(result.table["similarity"].min()), float(result.table["similarity_image"].min()), 0.0)
        panel.set_ylim(low - 0.08, 1.32)
        panel.set_yticks(np.arange(0 if low > -0.2 else -0.5, 1.01, 0.25))
        panel.grid(axis="x", visible=False)
        panel.legend(loc="upper left", ncols=3)
        figure.suptitle(_title(title or f"{_NAMES[result.method]}, {result.region.name}", result.verdict))
    return figure


def _draw_map(axes: Axes, attribution: Attribution, everywhere: bool) -> ScalarMappable:
    assert attribution.map is not None
    mask, values = attribution.region.mask, attribution.map
    height, width = mask.shape
    inside = cv2.resize(mask.astype(np.float32), values.shape[::-1], interpolation=cv2.INTER_AREA) > 0
    shown = values if everywhere or not inside.any() else values[inside]
    limit = max(float(np.quantile(np.abs(shown), 0.995)), 1e-12)
    size = np.abs(values) / limit
    alpha = np.clip(size, 0, 1) ** 0.5 * 0.95
    if not everywhere:
        alpha = np.where(inside, alpha, 0.0)
    # The white middle of the colours would cover the image: weak values are transparent instead.
    colours = ScalarMappable(Normalize(-limit, limit), SIGNED)
    picture = colours.to_rgba(values)
    picture[..., 3] = alpha
    axes.imshow(
        picture, extent=(-0.5, width - 0.5, height - 0.5, -0.5), aspect=axes.get_aspect(), interpolation="nearest"
    )
    return colours


def _zoom(axes: Axes, mask: NDArray[np.bool_]) -> None:
    """Show the region and a margin, in the image's proportions."""
    size = np.array(mask.shape, float)
    found = np.argwhere(mask)
    low, high = found.min(axis=0), found.max(axis=0) + 1
    half = 0.5 * size * min(1.0, 1.3 * float(((high - low) / size).max()))
    middle = np.clip((low + high) / 2, half, size - half)
    (top, left), (bottom, right) = middle - half - 0.5, middle + half - 0.5
    axes.set_xlim(left, right)
    axes.set_ylim(bottom, top)


def _unit(attribution: Attribution) -> str:
    if attribution.method == "gradcam":
        return f"GradCAM at {attribution.settings['signal']} (its own units)\nagainst < 0 < for"
    per = (
        "loss of score when covered (logits)"
        if attribution.method == "occlusion"
        else "share of the score (logits per pixel)"
    )
    return f"{per}\nagainst < 0 < for"


def _question(attribution: Attribution) -> str:
    asked = "what holds the decision" if attribution.toward == "decision" else "what pushes the boundary outward"
    return f"{asked} in the {attribution.region.name}"


def _effect_line(attribution: Attribution) -> str:
    if attribution.baseline_score is None:
        return f"score {attribution.score:.2f}"
    line = f"score {attribution.score:.2f}, without information {attribution.baseline_score:.2f}"
    error = attribution.completeness_error
    return line if error is None else f"{line}\nshares add up within {100 * error:.1f} %"


def _title(text: str, verdict: str) -> str:
    return "\n".join(fill(part, _LONGEST_LINE) for part in (text, verdict) if part)
