"""Ablation: every variant under the same budget, measured against the first, with the spread of seeds beside."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from figure_checks import assert_legible, assert_no_empty_axes, said
from known_model import disc_sample

from banet_edu.config import TrainConfig
from banet_edu.figures.study import ablation_figure
from banet_edu.phantoms.endless import painted_parts
from banet_edu.study.ablate import (
    KERNELS,
    VARIANTS,
    AblationResult,
    ablate,
    seed_differences,
    summarise_variants,
    variant_builders,
)
from banet_edu.study.statistics import paired_wilcoxon

CONFIG = TrainConfig(steps=2, batch_size=2, device="cpu")


def samples(prefix: str, count: int) -> list:
    return [disc_sample(f"{prefix}{k}", 12 + k % 6) for k in range(count)]


@pytest.fixture(scope="module")
def done(tmp_path_factory) -> tuple[AblationResult, dict, object]:
    run_dir = tmp_path_factory.mktemp("ablation")
    parts = {"train": samples("train", 2), "val": samples("val", 1), "test": samples("test", 7)}
    result = ablate(
        parts, ["banet", "no-pee", "kernels-3-5-7"], CONFIG, (0, 1), run_dir=run_dir, preset="nano", name="discs"
    )
    return result, parts, run_dir


def test_every_variant_changes_what_its_name_says():
    built = {name: build() for name, build in variant_builders(list(VARIANTS), "nano").items()}
    assert all(len(stage.pee.scales) == 0 for stage in built["no-pee"].head.mini_mtl)
    assert built["no-cff"].head.cff is None and built["banet"].head.cff is not None
    assert built["no-edge-task"].head.mini_mtl[0].edge_task is False
    assert built["no-attention"].spec.overrides == {"interactive_attention": False}
    windows = {name: [list(stage.pee.scales) for stage in built[name].head.mini_mtl] for name in ["banet", *KERNELS]}
    assert windows["banet"] == [["k5", "k7"]] * 2 + [["k3", "k5"]] * 2
    assert windows["kernels-3-5-7"] == [["k3", "k5", "k7"]] * 4
    assert windows["kernels-3-5"] == [["k3", "k5"]] * 4 and windows["kernels-5-7"] == [["k5", "k7"]] * 4


@pytest.mark.landing
def test_ablation_trains_each_variant_with_each_seed_and_writes_tables(done):
    result, _, run_dir = done
    folders = {folder.name for folder in run_dir.iterdir() if folder.is_dir()}
    assert folders == {f"{v}-seed{s}" for v in ("banet", "no-pee", "kernels-3-5-7") for s in (0, 1)}
    kept = pd.read_csv(run_dir / "ablation.csv")
    assert list(kept["variant"].unique()) == ["banet", "no-pee", "kernels-3-5-7"]
    assert (kept["seeds"] == 2).all() and kept.loc[kept["metric"] == "JA", "seed_sd"].notna().all()
    assert len(pd.read_csv(run_dir / "per_image.csv")) == 3 * 2 * 7
    assert set(pd.read_csv(run_dir / "seeds.csv")["seed"]) == {0, 1}
    assert result.compared.facts["data"] == "discs"


def test_difference_is_variant_minus_first_paired_by_image(done):
    result, _, _ = done
    row = result.summary.set_index(["variant", "metric"]).loc[("no-pee", "JA")]
    test = paired_wilcoxon(result.compared.table, "JA", "no-pee", "banet")
    assert (row["difference"], row["low"], row["high"]) == (test.mean_difference, test.low, test.high)
    means = result.compared.table.groupby("model")["JA"].mean()
    assert row["difference"] == pytest.approx(means["no-pee"] - means["banet"])
    assert np.isnan(result.summary.set_index(["variant", "metric"]).loc[("banet", "JA"), "difference"])


def test_finished_runs_are_reused(done):
    result, parts, run_dir = done
    trained = []

    class Steps:
        def on_step(self, step, losses) -> None:
            trained.append(step)

    again = ablate(
        parts, ["banet", "no-pee"], CONFIG, (0, 1), run_dir=run_dir, preset="nano", callbacks=[Steps()]
    )  # fmt: skip
    assert trained == []
    rows = result.compared.table[result.compared.table["model"] != "kernels-3-5-7"]
    pd.testing.assert_frame_equal(
        again.compared.table.sort_values(["model", "seed", "name"], ignore_index=True),
        rows.sort_values(["model", "seed", "name"], ignore_index=True),
    )


def table(values: dict[tuple[str, int], list[float]]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "model": model,
                "seed": seed,
                "name": f"i{i}",
                "class": "lesion",
                "status": "ok",
                "JA": ja,
                "assd_mm": 2 - ja,
            }
            for (model, seed), row in values.items()
            for i, ja in enumerate(row)
        ]
    )


def test_seed_differences_pair_the_seed_and_show_the_first_ones_own_spread():
    found = table(
        {("banet", 0): [0.8, 0.6], ("banet", 1): [0.9, 0.7], ("no-pee", 0): [0.7, 0.6], ("no-pee", 2): [0.1, 0.1]}
    )
    seeds = seed_differences(found, ["JA"]).set_index(["variant", "seed"])["difference"]
    assert seeds["banet", 0] == pytest.approx(-0.05) and seeds["banet", 1] == pytest.approx(0.05)
    assert seeds["no-pee", 0] == pytest.approx(-0.05)
    assert np.isnan(seeds["no-pee", 2])  # no banet with that seed
    summary = summarise_variants(found, ["JA"]).set_index("variant")
    assert summary.loc["banet", "seed_sd"] == pytest.approx(np.std([0.7, 0.8], ddof=1))


def test_missed_images_are_counted_and_left_out_of_distances():
    found = table({("banet", 0): [0.8, 0.6, 0.5], ("no-pee", 0): [0.7, 0.0, 0.5]})
    gone = (found["model"] == "no-pee") & (found["name"] == "i1")
    found.loc[gone, ["status", "assd_mm"]] = ["missed", np.nan]
    summary = summarise_variants(found, ["JA", "assd_mm"]).set_index(["variant", "metric"])
    assert summary.loc[("no-pee", "assd_mm"), "n_images"] == 2 and summary.loc[("no-pee", "JA"), "n_images"] == 3
    assert summary.loc[("no-pee", "JA"), "n_missed"] == 1 and "1 of 3" in summary.loc[("no-pee", "assd_mm"), "note"]
    seeds = seed_differences(found, ["assd_mm"]).set_index(["variant"])["difference"]
    assert seeds["no-pee"] == pytest.approx(0.05)


def test_own_variants_and_other_networks_and_unknown_ones():
    own = variant_builders({"full": {}, "blog": {"interactive_attention": "blog"}}, "nano")
    assert own["blog"]().spec.overrides == {"interactive_attention": "blog"}
    assert variant_builders(["banet", "unet"], "nano", input_size=32)["unet"]().spec.input_size == (32, 32)
    with pytest.raises(ValueError, match="unknown variant 'no-unet'; known: banet, no-pee"):
        variant_builders(["banet", "no-unet"], "nano")
    with pytest.raises(ValueError, match="two variants"):
        variant_builders(["banet"], "nano")


@pytest.mark.landing
def test_painted_parts_never_meet():
    parts = painted_parts(["polyp", "lung"], 3, 2)
    names = [{part[i].name for i in range(len(part))} for part in parts.values()]
    assert [len(n) for n in names] == [6, 4, 96] and len(set.union(*names)) == 106
    with pytest.raises(ValueError, match="phantoms of kind kidney"):
        painted_parts(["kidney"])
    with pytest.raises(ValueError, match="1 to 1000"):
        painted_parts(["lung"], 1001)


def test_figure_is_legible_and_says_which_way_is_better(done):
    result, _, _ = done
    for metrics in ((), ("JA",), ("assd_mm", "JA")):
        figure = ablation_figure(result.summary, result.seeds, metrics, title="discs")
        assert_legible(figure, "ablation")
        assert_no_empty_axes(figure, "ablation")
    assert "no-pee" in said(figure) and "left is better" in said(figure) and "right is better" in said(figure)
    two = pd.concat([result.summary, result.summary.assign(**{"class": "rim"})])
    with pytest.raises(ValueError, match="several classes"):
        ablation_figure(two, result.seeds)
