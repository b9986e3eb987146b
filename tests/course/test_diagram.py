"""The diagram is drawn from the model: its sizes, windows and what is switched off stand in it; nothing overlaps."""

from __future__ import annotations

import pytest
from figure_checks import assert_legible

from banet_edu import create_model
from banet_edu.course.diagram import PARTS, network_figure

MODEL = create_model("banet", preset="nano")


def texts(figure):
    return [text.get_text() for text in figure.axes[0].texts if text.get_text()]


@pytest.mark.parametrize("lit", [(), *PARTS, ("pee", "attention", "fusion")])
@pytest.mark.parametrize("branches", [True, False])
def test_every_part_can_be_lit_and_every_text_is_legible(lit, branches):
    assert_legible(network_figure(MODEL, lit, branches=branches), str(lit))


def test_sizes_windows_and_branches_are_the_models():
    fine = create_model("banet", preset="nano", first_stride=2, pee_kernels=((9,), (7,), (5,), (3,)))
    said = " ".join(texts(network_figure(fine)))
    height, _ = fine.spec.input_size if isinstance(fine.spec.input_size, tuple) else (fine.spec.input_size,) * 2
    stages = zip((9, 7, 5, 3), fine.encoder.strides, fine.encoder.channels, strict=True)
    for stage, (kernel, stride, channels) in enumerate(stages, start=1):
        assert f"k = {kernel}" in said
        assert f"C{stage}: {height // stride} × {height // stride}\n{channels} channels" in said


def test_what_is_switched_off_is_not_drawn_as_if_it_were_there():
    off = texts(network_figure(create_model("banet", preset="nano", pee=False, cff=False, edge_task=False)))
    assert off.count("PEE off\nR only") == 4 and "F1 = S1" in off
    assert not any("edge\n" in text or text == "side edge" for text in off)
    blog = texts(network_figure(create_model("banet", preset="nano", interactive_attention="blog")))
    assert blog.count("object\ns") == 4 and blog.count("edge\ne → E") == 4


def test_only_the_object_branch_leads_to_the_answer():
    """Arrows that end at a fusion begin above an object branch: sixteen of them, four where CFF is off."""
    for model, count in ((MODEL, 16), (create_model("banet", preset="nano", cff=False), 4)):
        ends = [note.xy for note in network_figure(model).axes[0].texts if getattr(note, "arrowprops", None)]
        assert sum(abs(x - 8.2) < 1e-9 for x, _ in ends) == count


def test_other_networks_and_unknown_parts_are_refused():
    with pytest.raises(ValueError, match="BA-Net's; got a UNet"):
        network_figure(create_model("unet", preset="nano"))
    with pytest.raises(ValueError, match="no part gates; the parts are encoder, pee"):
        network_figure(MODEL, "gates")
