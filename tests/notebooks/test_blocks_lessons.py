"""What the texts of lessons 03, 04 and 05 say about the bundled weights and samples holds for those bundled now."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
import torch

from banet_edu import create_model, load_model, load_samples, make_phantom
from banet_edu.explain import effect, effects, intervene, mean_effects, probe, zone_means
from banet_edu.explain.inside.blocks import edge_maps, gate_matrix, gate_name
from banet_edu.metrics.overlap import overlap
from banet_edu.paths import samples_root
from banet_edu.study.compare import evaluate

pytestmark = pytest.mark.landing

KINDS = ("dermoscopy", "polyp", "lung")


@pytest.fixture(scope="module")
def model():
    return load_model("banet-lite-phantom")


@pytest.fixture(scope="module")
def samples():
    return {kind: load_samples(kind, "test") for kind in KINDS}


@pytest.fixture(scope="module")
def skin(model, samples):
    return [(sample, probe(model, sample)) for sample in samples["dermoscopy"]]


def test_model_learned_from_450_painted_images():
    card = json.loads((samples_root() / "weights" / "banet-lite-phantom.json").read_text(encoding="utf-8"))
    assert card["training"]["train_images"] == 450


# Lesson 03


def test_stage_1_traces_most_outlines_and_stage_2_answers_inside_most(skin):
    outlined, inner = [], []
    for sample, trace in skin:
        fine, second = (zone_means(next(iter(edge_maps(trace, i).values())), sample.mask) for i in (1, 2))
        outlined.append(fine[1] == fine.max())
        inner.append(second[0] > second[1])
    assert 7 <= sum(outlined) < 10 and 7 <= sum(inner) < 10
    assert outlined[0] and inner[0]  # "of this lesion"
    # The widget offers four: "find one whose outline stage 1 does not trace"
    fine = [zone_means(next(iter(edge_maps(trace, 1).values())), sample.mask) for sample, trace in skin[:4]]
    assert [bool(outside > boundary) for _, boundary, outside in fine] == [False, True, False, True]


def test_window_changes_less_than_the_stage(model):
    """Blur by 16 pixels: wide over narrow window grows by less than a fifth inside a stage."""
    ratio = {}
    for blur in (1, 16):
        phantom = make_phantom("dermoscopy", seed=100, edge_softness_px=blur)
        trace = probe(model, phantom)
        ratio[blur] = [
            np.divide(*[zone_means(values, phantom.mask)[1] for values in reversed(edge_maps(trace, i).values())])
            for i in (1, 2, 3, 4)
        ]
    assert (np.array(ratio[16]) / np.array(ratio[1]) < 1.2).all()
    assert phantom.spacing_mm[0] * 16 == pytest.approx(1.1, abs=0.05)
    assert phantom.spacing_mm[0] * 64 == pytest.approx(4.5, abs=0.05)


def test_pee_matters_most_at_stage_1_and_hardly_at_stage_3(model, samples):
    everything = [sample for kind in KINDS for sample in samples[kind]]
    table = mean_effects(model, everything, [f"stage{i}.pee off" for i in (1, 2, 3, 4)]).set_index("knob")
    assert table["JA_change"].idxmin() == "stage1.pee off"
    assert 0 < table.loc["stage3.pee off", "JA_change"] < 0.006
    assert table["left_out"].sum() == 0


# Lesson 04


def test_edge_loss_reaches_the_object_branch_through_the_exchange_only():
    """`E = e + (1 - a_e) s` teaches s; without the exchange the edge loss gives the object branch no gradient."""
    for attention, reached in (("release", True), ("blog", True), (False, False)):
        torch.manual_seed(0)
        net = create_model("banet", preset="nano", interactive_attention=attention).train()
        out = net(torch.randn(2, 3, 64, 64))
        target = torch.zeros(2, 64, 64, dtype=torch.long)
        loss = sum(torch.nn.functional.cross_entropy(side, target) for side in out.side_edges)
        loss.backward()
        gradient = net.head.mini_mtl[0].seg_branch.pointwise.weight.grad
        assert (gradient is not None and bool(gradient.abs().sum() > 0)) == reached, attention


def test_in_the_blogs_form_nothing_of_e_reaches_the_contour():
    torch.manual_seed(0)
    net = create_model("banet", preset="nano", interactive_attention="blog").eval()
    x = torch.randn(1, 3, 64, 64)
    before = net(x)
    for block in net.head.mini_mtl:
        block.edge_branch.pointwise.weight.data.normal_()
    torch.testing.assert_close(net(x), before)


def test_one_small_polyp_has_no_cell_inside_at_stage_2(model, samples):
    missing = [
        kind
        for kind in KINDS
        for sample in samples[kind]
        if np.isnan(zone_means(probe(model, sample).map("stage2.ia.seg_weight"), sample.mask)[0])
    ]
    assert missing == ["polyp"]


# Lesson 05


def test_stage_1_is_best_on_some_images_and_breaks_up_on_others(skin):
    table = np.array(
        [
            [
                overlap(t.mask_probability(f"stage{i}.side.mask", s.mask.shape) >= 0.5, s.mask)["JA"]
                for i in (1, 2, 3, 4)
            ]
            for s, t in skin
        ]
    )
    first = table.argmax(axis=1) == 0
    assert first.sum() >= 3 and (table[first, 0] > 0.8).all()
    assert (table[:, 0] < 0.6).sum() >= 1


def test_stage_1_without_the_others_falls_on_skin_and_polyps_and_rises_on_lungs(model, samples):
    change = {kind: mean_effects(model, samples[kind], ["stage1.cff off"]).iloc[0] for kind in KINDS}
    assert change["dermoscopy"]["JA_change"] < -0.005 and change["polyp"]["JA_change"] < -0.005
    assert change["lung"]["JA_change"] > 0.003 and change["lung"]["assd_mm_change"] < 0
    assert change["lung"]["hd_mm_change"] == pytest.approx(8, abs=0.5)
    each = pd.concat([effects(model, sample, ["stage1.cff off"]) for sample in samples["lung"]])
    assert len(each) == 10 and (each["hd_mm_change"] > 0).all()
    # "lungs weigh most in a mean of millimetres"
    assert change["lung"]["assd_mm_before"] > 3 * change["polyp"]["assd_mm_before"]


def test_where_attention_listens_matters_on_lungs_and_where_gates_are_low_on_skin(model, samples):
    everything = [sample for kind in KINDS for sample in samples[kind]]

    def error(signal=None, put=None):
        replaced = {} if signal is None else {f"stage{i}.{signal}": put for i in (1, 2, 3, 4)}
        with intervene(model, replaced):
            return evaluate(model, everything)["assd_mm"].to_numpy().reshape(3, 10)

    def flat(weight):
        return weight.mean((2, 3), keepdim=True).expand_as(weight)

    as_is = error()
    more = {
        signal: (error(signal, flat) - as_is, error(signal, 1.0) - as_is)
        for signal in ("cff.gate_own", "ia.seg_weight")
    }
    lost = {signal: flattened.mean() / off.mean() for signal, (flattened, off) in more.items()}
    assert lost["cff.gate_own"] < 0.15
    assert 0.55 < lost["ia.seg_weight"] < 0.8
    by_kind = {signal: flattened.mean(axis=1) / off.mean(axis=1) for signal, (flattened, off) in more.items()}
    skin, polyps, lungs = by_kind["ia.seg_weight"]
    assert skin == pytest.approx(0.2, abs=0.03) and polyps == pytest.approx(0.25, abs=0.03) and lungs > 0.8
    skin, polyps, lungs = by_kind["cff.gate_own"]
    assert skin > 0.3 and polyps < 0.12 and lungs < 0.12
    saved = more["cff.gate_own"][1].mean(axis=1)  # "on skin, where CFF saves fewest millimetres (0.03)"
    assert saved == pytest.approx([0.03, 0.13, 0.85], abs=0.005)
    # "with the exchange off at stage 2 alone the error stays the same"
    with intervene(model, {"stage2.ia.seg_weight": 1.0}):
        assert abs(evaluate(model, everything)["assd_mm"].mean() - as_is.mean()) < 0.01


def test_a_gate_of_stage_2_moves_a_contour_by_less_than_a_pixel_on_average_and_a_few_at_its_farthest(model, samples):
    cases = [samples["dermoscopy"][4], samples["dermoscopy"][0], samples["polyp"][0], samples["lung"][0]]
    for case in cases:
        for source in (1, 2, 3, 4):
            moved = [effect(model, case, {gate_name(2, source): held}).figures for held in (0.0, 1.0)]
            mean, most = ([each[f"moved_{k}_mm"] for each in moved] for k in ("mean", "max"))
            assert (max(mean) > 0.1) == (case is cases[-1])  # "only in the lungs, where each of the four does"
            pixel = case.spacing_mm[0]
            assert max(mean) < pixel and 0.99 * pixel <= min(most) <= max(most) < 3 * pixel


# The outcomes that predictions are compared with: the lessons measure them; here are the bounds their texts rest on.


def test_blur_takes_most_from_stage_1_and_least_from_stage_4(model):
    seen, outside = np.zeros((2, 4)), np.zeros((2, 4))
    for row, blur in enumerate((1, 16)):
        for seed in (100, 101, 102, 103):
            phantom = make_phantom("dermoscopy", seed=seed, edge_softness_px=blur)
            trace = probe(model, phantom)
            for i in (1, 2, 3, 4):
                zones = zone_means(next(iter(edge_maps(trace, i).values())), phantom.mask)
                seen[row, i - 1] += zones[1]
                outside[row, i - 1] += zones[2]
    left = seen[1] / seen[0]
    assert (
        left[0] < 0.5 and left[1] < 2 / 3 and left[3] == pytest.approx(0.95, abs=0.01) and (np.diff(left) > 0.05).all()
    )
    contrast = (seen / outside)[:, 0]
    assert contrast[0] == pytest.approx(2.08, abs=0.1) and contrast[1] == pytest.approx(0.9, abs=0.1)


@pytest.mark.parametrize(("signal", "reverse"), [("stage2.ia.seg_weight", True), ("stage2.cff.gate_own", False)])
def test_share_and_own_gate_of_stage_2_rise_from_inside_to_outside(model, samples, signal, reverse):
    rising = 0
    for kind in KINDS:
        for sample in samples[kind]:
            values = probe(model, sample).map(signal)
            inside, boundary, outside = zone_means(1 - values if reverse else values, sample.mask)
            rising += inside < boundary < outside
    assert rising >= 28


def test_each_block_switched_off_costs_what_the_texts_say(model, samples):
    everything = [sample for kind in KINDS for sample in samples[kind]]
    table = mean_effects(model, everything, ["pee off", "ia off", "cff off"]).set_index("knob")
    grows = table["assd_mm_after"] / table["assd_mm_before"]
    assert 1.5 < grows["pee off"] < 1.8  # "by more than half"
    assert 1.19 < grows["ia off"] < 1.26 and 1.19 < grows["cff off"] < 1.27  # "about a quarter"
    assert (table["left_out"] == 0).all() and (table["better"] == 4).all()
    # "without PEE the mean error grew from 1.5 to 2.4 mm"
    assert table.loc["pee off", ["assd_mm_before", "assd_mm_after"]].tolist() == pytest.approx([1.5, 2.4], abs=0.05)
    for kind in KINDS:  # "in JA all three kinds lose the same, about 0.02"
        assert mean_effects(model, samples[kind], ["cff off"]).iloc[0]["JA_change"] == pytest.approx(-0.02, abs=0.003)


def test_only_the_half_that_the_object_branch_hears_moves_the_contour(model, samples):
    for kind in KINDS:
        for sample in samples[kind][:3]:
            change = {}
            for task in ("seg", "edge"):
                found = effect(model, sample, {f"stage{i}.ia.{task}_weight": 1.0 for i in (1, 2, 3, 4)})
                change[task] = np.abs(found.after.probability - found.before.probability).max()
            assert change["seg"] > 0.1 and change["edge"] == 0


def test_stage_2_alone_is_best_on_skin_and_the_final_answer_better_still(skin):
    signals = [*(f"stage{i}.side.mask" for i in (1, 2, 3, 4)), "logits"]
    table = [[overlap(t.mask_probability(n, s.mask.shape) >= 0.5, s.mask)["JA"] for n in signals] for s, t in skin]
    mean = np.mean(table, axis=0)
    assert mean[:4].argmax() == 1 and mean[1] > np.delete(mean[:4], 1).max() + 0.02
    assert mean[4] > mean[1] + 0.03


def test_about_a_quarter_of_each_map_arrives(skin):
    for _, trace in skin:
        others = gate_matrix(trace, effective=True)[~np.eye(4, dtype=bool)]
        assert others.min() > 0.15 and others.max() < 0.35
        assert 0.22 < others.mean() < 0.28
