"""Attribution maps of one decision by several methods, side by side."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from numpy.typing import NDArray

from banet_edu.explain.inside.attribution import Attribution
from banet_edu.figures.contour import mask_outlines
from banet_edu.figures.style import INK, SIGNED, draw_image, new_figure, proportion, styled
from banet_edu.prediction import Prediction

_NAMES = {"integrated_gradients": "Integrated Gradients", "occlusion": "Occlusion", "gradcam": "GradCAM"}


def methods_figure(
    image: NDArray[np.uint8], attributions: Sequence[Attribution], prediction: Prediction, *, title: str = ""
) -> Figure:
    """One map per method over a pale, smoothed copy of the image, each on its own scale; the region dashed.

    The methods have different units, so the colours end where each map's own 99.5th percentile of |value| is.

    Args:
        image: H x W x 3, the explained sample's.
        attributions: two to four, of pixel methods and of one region.
        prediction: of the same sample.

    Raises ValueError on another number of them, one without a map, or regions that differ.
    """
    if not 2 <= len(attributions) <= 4:
        raise ValueError(f"methods_figure compares two to four maps, got {len(attributions)}")
    region = attributions[0].region.mask
    if any(not np.array_equal(each.region.mask, region) for each in attributions):
        raise ValueError("methods_figure compares methods on ONE region, these regions differ")
    shape = proportion(region.shape, prediction.spacing_mm)
    figure, [axes] = new_figure(1, len(attributions), height=1.3 + 9.2 / len(attributions) * shape)
    # Only a backdrop: without its noise, which would be taken for weak values of the map.
    grey = cv2.GaussianBlur(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), (0, 0), max(image.shape) / 200)
    pale = np.repeat((0.55 * grey[..., None] + 0.45 * 255) // 8 * 8 + 4, 3, axis=2).astype(np.uint8)
    height, width = region.shape
    with styled():
        for panel, each in zip(axes, attributions, strict=True):
            if each.map is None:
                raise ValueError(f"{each.method} gives no map: draw it with knob_values_figure")
            draw_image(panel, pale, region.shape, spacing_mm=prediction.spacing_mm)
            limit = max(float(np.quantile(np.abs(each.map), 0.995)), 1e-12)
            # The white middle of the colours would cover the image: weak values are transparent instead.
            picture = ScalarMappable(Normalize(-limit, limit), SIGNED).to_rgba(each.map)
            picture[..., 3] = np.clip(np.abs(each.map) / limit, 0, 1) ** 0.5 * 0.95
            extent = (-0.5, width - 0.5, height - 0.5, -0.5)
            panel.imshow(picture, extent=extent, aspect=panel.get_aspect(), interpolation="nearest")
            for line in mask_outlines(region):
                panel.plot(line[:, 1], line[:, 0], color=INK, linewidth=0.8, linestyle=(0, (4, 2)))
            for line in prediction.contours:
                panel.plot(line[:, 1], line[:, 0], color=INK, linewidth=1.4)
            panel.set_title(_NAMES.get(each.method, each.method))
        colours = ScalarMappable(Normalize(-1, 1), SIGNED)
        bar = figure.colorbar(colours, ax=list(axes), orientation="horizontal", fraction=0.06, pad=0.03, aspect=45)
        bar.set_ticks([-1, 0, 1], labels=["against", "0", "for"])
        bar.set_label("what the pixel does for the score, each map on its own scale; dashed: the region")
        if title:
            figure.suptitle(title)
    return figure
