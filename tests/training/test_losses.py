from __future__ import annotations

from itertools import product

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from outside import REFERENCE
from training_helpers import Output

from banet_edu.config import LossConfig
from banet_edu.training.losses import boundary_target, dice_loss, segmentation_loss

RELEASE = LossConfig(dice_form="release", edge_padding="zero")
SIDES = [f"{kind}{stage}" for kind, stage in product(("seg", "edge"), range(1, 5))]


def reference(name: str) -> dict[str, torch.Tensor]:
    path = REFERENCE / name
    if not path.exists():
        pytest.skip(f"the release's reference vectors are not here ({path})")
    return {key: torch.from_numpy(np.asarray(value)) for key, value in np.load(path).items()}


def test_release_dice_agrees_with_the_release():
    vectors = reference("dice.npz")
    logits = vectors["in.logits"].requires_grad_()
    loss = dice_loss(logits, vectors["in.target"], "release")
    loss.backward()
    assert loss.item() == pytest.approx(vectors["out.loss"].item(), abs=1e-5)
    assert torch.allclose(logits.grad, vectors["grad_in.logits"], atol=1e-6)


def test_zero_padded_boundary_agrees_with_the_release():
    vectors = reference("boundary.npz")
    assert torch.equal(boundary_target(vectors["in.target"], "zero"), vectors["out.boundary"].long())


@pytest.mark.parametrize(("name", "side"), [("loss_default.npz", 0.0), ("loss_main.npz", 1.0)])
def test_loss_agrees_with_the_release(name, side):
    vectors = reference(name)
    logits = {key: vectors[f"in.logits.{key}"].requires_grad_() for key in ("out", *SIDES)}
    output = Output(
        logits["out"],
        tuple(logits[f"seg{stage}"] for stage in range(1, 5)),
        tuple(logits[f"edge{stage}"] for stage in range(1, 5)),
    )
    config = LossConfig(side_seg=side, side_edge=side, dice_form="release", edge_padding="zero")
    total, parts = segmentation_loss(output, vectors["in.target"], config)
    total.backward()
    assert total.item() == pytest.approx(vectors["out.total"].item(), abs=1e-4)
    assert list(parts) == ["ce", "dice", *SIDES]
    for key, part in parts.items():
        assert part.item() == pytest.approx(vectors[f"out.{key}"].item(), abs=1e-4), key
    for key, value in logits.items():
        assert torch.allclose(value.grad, vectors[f"grad_in.{key}"], atol=1e-6), key


def test_boundary_of_two_classes_is_the_papers_formula():
    mask = (torch.rand(3, 12, 11, generator=torch.Generator().manual_seed(0)) > 0.6).long()
    framed = F.pad(mask[:, None].float(), (1, 1, 1, 1), mode="replicate")
    papers = (mask - F.avg_pool2d(framed, 3, 1)[:, 0]).abs() > 1e-6
    assert torch.equal(boundary_target(mask).bool(), papers)


def test_boundary_of_three_classes_is_any_other_label_nearby_where_the_average_cancels():
    mask = torch.tensor([[0, 1, 2]] * 3)[None]  # the mean around the 1 is 1
    assert boundary_target(mask).tolist() == [[[1, 1, 1]] * 3]
    labels = torch.randint(0, 4, (1, 9, 9), generator=torch.Generator().manual_seed(1))
    framed = F.pad(labels[:, None].float(), (1, 1, 1, 1), mode="replicate")[0, 0]
    for row, column in product(range(9), range(9)):
        window = framed[row : row + 3, column : column + 3]
        assert boundary_target(labels)[0, row, column] == int((window != labels[0, row, column]).any())


def test_padding_decides_whether_the_frame_is_a_boundary():
    full = torch.ones(1, 16, 16, dtype=torch.long)
    assert boundary_target(full).sum() == 0
    assert boundary_target(full, "zero").sum() == 60
    with pytest.raises(ValueError, match="reflect"):
        boundary_target(full, "reflect")


def test_dice_is_per_image_over_foreground_classes():
    logits = torch.randn(2, 3, 6, 5, generator=torch.Generator().manual_seed(0))
    target = torch.randint(0, 3, (2, 6, 5), generator=torch.Generator().manual_seed(1))
    p = logits.softmax(1).numpy()
    y = np.stack([target.numpy() == c for c in range(3)], 1)
    terms = [
        1 - (2 * (p[b, c] * y[b, c]).sum() + 1) / (p[b, c].sum() + y[b, c].sum() + 1)
        for b, c in product(range(2), (1, 2))
    ]
    assert dice_loss(logits, target).item() == pytest.approx(np.mean(terms), abs=1e-6)


def test_release_dice_is_negative_for_perfect_predictions():
    target = torch.zeros(1, 4, 4, dtype=torch.long)
    perfect = torch.stack([torch.full((1, 4, 4), 50.0), torch.full((1, 4, 4), -50.0)], 1)
    assert dice_loss(perfect, target, "release").item() == pytest.approx(-1.0)
    assert dice_loss(perfect, target).item() == pytest.approx(0.0)


def test_side_outputs_are_resized_and_weighted_per_stage():
    g = torch.Generator().manual_seed(0)
    target = torch.randint(0, 2, (2, 8, 8), generator=g)
    sides = tuple(torch.randn(2, 2, 8 // s, 8 // s, generator=g) for s in (1, 2, 4, 8))
    output = Output(torch.randn(2, 2, 8, 8, generator=g), sides, ())
    config = LossConfig(ce=0.5, dice=2.0, side_seg=(1.0, 0.5, 0.25, 0.0))
    total, parts = segmentation_loss(output, target, config)
    assert list(parts) == ["ce", "dice", "seg1", "seg2", "seg3", "seg4"]
    resized = F.interpolate(sides[2], size=(8, 8), mode="bilinear", align_corners=False)
    assert parts["seg3"].item() == pytest.approx(F.cross_entropy(resized, target).item(), abs=1e-6)
    weights = (0.5, 2.0, 1.0, 0.5, 0.25, 0.0)
    assert total.item() == pytest.approx(
        sum(w * p.item() for w, p in zip(weights, parts.values(), strict=True)), abs=1e-5
    )
    with pytest.raises(ValueError, match="4 weights, the model has 3 stages"):
        segmentation_loss(output._replace(side_masks=sides[:3]), target, config)


def test_no_edges_may_be_none():
    output = Output(torch.zeros(1, 2, 4, 4), (torch.zeros(1, 2, 4, 4),), None)
    assert list(segmentation_loss(output, torch.zeros(1, 4, 4, dtype=torch.long))[1]) == ["ce", "dice", "seg1"]


@pytest.mark.parametrize("label", [-1, 2, 255])
def test_labels_out_of_range_are_refused(label):
    target = torch.zeros(1, 4, 4, dtype=torch.long)
    target[0, 1, 1] = label
    with pytest.raises(ValueError, match=f"{label}.*the model knows 0..1"):
        segmentation_loss(torch.zeros(1, 2, 4, 4), target)


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match=r"\(1, 4, 5\).*\(1, 4, 4\)"):
        segmentation_loss(torch.zeros(1, 2, 4, 4), torch.zeros(1, 4, 5, dtype=torch.long))
