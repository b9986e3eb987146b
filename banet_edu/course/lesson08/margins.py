"""The region that a decision is asked in, and how firmly the network decides there, pixel by pixel."""

from __future__ import annotations

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from banet_edu.data.sample import Sample
from banet_edu.explain.inside.regions import Region
from banet_edu.figures.contour import draw_lines, draw_scale_bar, mask_outlines
from banet_edu.figures.style import INK, PREDICTION, SIGNED, draw_image, new_figure, proportion, styled
from banet_edu.prediction import Prediction

_MOST = 10.0  # logits: the colours end there


def margin_figure(sample: Sample, prediction: Prediction, region: Region) -> Figure:
    """The image with the region, and the margin (foreground logit minus background logit) of two classes at each pixel.

    >>> from banet_edu import load_model, load_samples, predict
    >>> from banet_edu.explain.inside.regions import boundary_band
    >>> sample = load_samples("polyp", "test")[0]
    >>> found = predict(load_model("banet-lite-phantom"), sample)
    >>> figure = margin_figure(sample, found, boundary_band(found.mask, spacing_mm=sample.spacing_mm))
    >>> figure.axes[1].get_title()
    'the margin: how firmly for skin (blue) or lesion (orange)'
    """
    size, spacing = prediction.mask.shape, prediction.spacing_mm
    probability = np.clip(prediction.probability.astype(float), 1e-7, 1 - 1e-7)
    margin = np.log(probability / (1 - probability))
    figure, [[image, map_]] = new_figure(1, 2, height=0.9 + 3.4 * proportion(size, spacing))
    with styled():
        for panel in (image, map_):
            draw_image(panel, sample.image, size, spacing_mm=spacing)
        colours = ScalarMappable(Normalize(-_MOST, _MOST), SIGNED)
        map_.imshow(
            colours.to_rgba(margin), extent=(-0.5, size[1] - 0.5, size[0] - 0.5, -0.5), aspect=map_.get_aspect()
        )
        draw_lines(image, prediction.contours, colour=PREDICTION, label="network's line")
        for panel, colour in ((image, "w"), (map_, INK)):
            for line in mask_outlines(region.mask):
                panel.plot(line[:, 1], line[:, 0], color=colour, linewidth=1.4, linestyle=(0, (4, 2)))
        image.plot([], [], color="w", linewidth=1.4, linestyle=(0, (4, 2)), label="the region")
        image.legend(loc="lower right", labelcolor="w", facecolor=INK, framealpha=0.7, frameon=True)
        image.set_title("where the decision is asked")
        map_.set_title("the margin: how firmly for skin (blue) or lesion (orange)", fontsize=10)
        figure.colorbar(colours, ax=map_, fraction=0.046, pad=0.02, extend="both").set_label("margin (logits)")
        if spacing is not None:
            draw_scale_bar(image, size, spacing)
    return figure
