"""README's picture: a boundary with its errors in mm, three of BA-Net's inner signals, and what one switched off does.

python benchmarks/glance.py        # draws docs/glance.png from a bundled sample and bundled weights; some seconds
"""

from __future__ import annotations

import io
from pathlib import Path

from matplotlib.figure import Figure
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from banet_edu import load_model, load_samples
from banet_edu.explain import effect, probe
from banet_edu.explain.inside.blocks import edge_maps
from banet_edu.figures.contour import (
    draw_errors,
    draw_lines,
    draw_scale_bar,
    error_colours,
    figures_text,
    mask_outlines,
    name_lines,
)
from banet_edu.figures.maps import draw_map
from banet_edu.figures.style import PREDICTION, REFERENCE, draw_image, new_figure, png_bytes, styled

TARGET = Path(__file__).resolve().parents[1] / "docs" / "glance.png"
SAMPLE, MODEL, KNOB = 0, "banet-lite-dermoscopy", "cff off"
LIMIT_MM = 1.0  # where the colours of errors end
SIGNALS = {
    "stage1.pee.edge_k5": "pyramid edge extraction,\nwindows of 5 × 5",
    "stage1.ia.seg_weight": "interactive attention,\nthe object's weight",
    "stage1.cff.gate_from_stage3": "cross feature fusion,\nthe gate for stage 3",
}


def glance() -> Figure:
    """Above: both outlines, the errors, the errors after an intervention. Below: three inner signals."""
    sample, model = load_samples("dermoscopy", "test")[SAMPLE], load_model(MODEL)
    trace, changed = probe(model, sample), effect(model, sample, KNOB)
    reference, spacing = sample.mask, sample.spacing_mm
    assert reference is not None and spacing is not None
    figure, axes = new_figure(2, 3, height=8.6)
    with styled():
        outlines, errors, off = axes[0]
        for panel in axes[0]:
            draw_image(panel, sample.image, reference.shape, spacing_mm=spacing)
        draw_lines(outlines, mask_outlines(reference), colour=REFERENCE, label="reference")
        draw_lines(outlines, changed.before.contours, colour=PREDICTION, label="outline")
        outlines.set_title("a painted lesion\nand BA-Net's outline")
        name_lines(outlines)
        draw_scale_bar(outlines, reference.shape, spacing)
        for panel, said, prediction in (
            (errors, "errors in mm", changed.before),
            (off, "cross feature fusion switched off", changed.after),
        ):
            draw_errors(panel, prediction.mask, reference, spacing_mm=spacing, limit=LIMIT_MM)
            figures = figures_text(prediction.mask, reference, spacing).partition(" · ")[2]
            panel.set_title(f"{said}\n{figures}")
        bar = figure.colorbar(error_colours(LIMIT_MM), ax=list(axes[0]), location="bottom", aspect=50, extend="both")
        bar.set_label("signed boundary error (mm): inside the reference < 0 < outside")
        for panel, (name, said) in zip(axes[1], SIGNALS.items(), strict=True):
            values = edge_maps(trace, 1)[5] if name.endswith("edge_k5") else trace.map(name)
            drawn = draw_map(panel, values, trace)
            panel.set_title(said)
            figure.colorbar(drawn, ax=panel, location="bottom", shrink=0.9)
    return figure


def words(figure: Figure) -> str:
    """What stands above the panels: kept in the file, so that a test sees when it is of yesterday."""
    return "; ".join(" ".join(panel.get_title().split()) for panel in figure.axes if panel.get_title())


if __name__ == "__main__":
    figure, kept = glance(), PngInfo()
    kept.add_itxt("Description", words(figure))
    picture = Image.open(io.BytesIO(png_bytes(figure))).convert("RGB").quantize(256, kmeans=20)
    packed = io.BytesIO()
    picture.save(packed, "PNG", optimize=True, pnginfo=kept)
    TARGET.write_bytes(packed.getvalue())
    print(f"{TARGET}: {len(packed.getvalue()) / 1000:.0f} kB")
