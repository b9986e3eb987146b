"""Comparison: measured at the mask's own size, the same for every model, told in words that follow the figures."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
import torch
from known_model import Brightness, disc_sample

from banet_edu.compare_result import CompareResult, metric_label
from banet_edu.comparison import compare, evaluate
from banet_edu.config import TrainConfig
from banet_edu.data.sample import Sample
from banet_edu.metrics.boundary import boundary_metrics
from banet_edu.metrics.overlap import overlap
from banet_edu.models.registry import create_model
from banet_edu.models.weights import load_model
from banet_edu.prediction import predict

CONFIG = TrainConfig(steps=4, batch_size=2, device="cpu")


def samples(prefix: str, count: int, **options) -> list[Sample]:
    return [disc_sample(f"{prefix}{k}", 12 + k % 6, **options) for k in range(count)]


# --- evaluate -----------------------------------------------------------------------------------------------------


def test_each_row_is_what_the_metrics_say_about_the_prediction_at_the_size_of_the_mask() -> None:
    model = Brightness((32, 32))
    test = samples("case", 7, shift=2.0)
    table = evaluate(model, test, batch_size=3)
    assert list(table["name"]) == [sample.name for sample in test]
    for row, sample in zip(table.to_dict("records"), test, strict=True):
        mask = predict(model, sample).mask
        assert mask.shape == sample.mask.shape == (128, 128)
        expected = overlap(mask, sample.mask) | boundary_metrics(mask, sample.mask, spacing_mm=(0.5, 0.5))
        assert {key: row[key] for key in expected} == pytest.approx(expected, nan_ok=True)
    assert table["bias_mm"].notna().all()


def test_percent_of_the_diagonal_unless_every_sample_has_a_spacing() -> None:
    test = [disc_sample("a"), disc_sample("b", spacing_mm=None)]
    assert {"assd_pct", "assd_px"} <= set(evaluate(Brightness(), test).columns)
    assert "assd_mm" not in evaluate(Brightness(), test).columns
    assert "assd_mm" in evaluate(Brightness(), test[:1]).columns


def test_missed_hallucinated_and_empty_cases_carry_their_status() -> None:
    black = np.zeros((64, 64, 3), np.uint8)
    full = disc_sample("full")
    test = [
        full,
        Sample(black, full.mask, "missed"),
        Sample(full.image, np.zeros((128, 128), bool), "hallucinated"),
        Sample(black, np.zeros((128, 128), bool), "both_empty"),
    ]
    table = evaluate(Brightness(), test).set_index("name")
    assert table["status"].to_dict() == {name: name if name != "full" else "ok" for name in table.index}
    assert table.loc["missed", "JA"] == 0
    assert table.loc[["missed", "hallucinated", "both_empty"], "assd_pct"].isna().all()


def test_one_row_per_foreground_class() -> None:
    image = np.zeros((64, 64, 3), np.uint8)
    image[8:24, 8:24, 0] = 255
    image[40:56, 40:56, 1] = 255
    labels = np.zeros((64, 64), np.uint8)
    labels[8:24, 8:24] = 1
    labels[40:56, 40:48] = 2
    table = evaluate(Brightness(num_classes=3), [Sample(image, labels, "two")])
    assert list(table["class"]) == ["class 1", "class 2"]
    assert list(table["JA"]) == [1.0, 0.5]


def test_samples_are_let_go_again() -> None:
    alive: set[int] = set()
    most = 0

    class Tracked(Sample):
        def __del__(self) -> None:
            alive.discard(id(self))

    class Lazy(list):
        def __getitem__(self, index):
            nonlocal most
            source = disc_sample(f"case{index}")
            sample = Tracked(source.image, source.mask, source.name, source.spacing_mm)
            alive.add(id(sample))
            most = max(most, len(alive))
            return sample

    assert len(evaluate(Brightness(), Lazy(range(20)), batch_size=2)) == 20
    assert most <= 8


def test_evaluate_refuses_nothing_and_samples_without_mask() -> None:
    with pytest.raises(ValueError, match="no samples"):
        evaluate(Brightness(), [])
    with pytest.raises(ValueError, match="blind has no mask"):
        evaluate(Brightness(), [Sample(disc_sample("a").image, None, "blind")])


# --- compare ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def compared(tmp_path_factory) -> tuple[CompareResult, dict, object]:
    run_dir = tmp_path_factory.mktemp("run")
    parts = {"train": samples("train", 4), "val": samples("val", 2), "test": samples("test", 3)}
    result = compare(
        ["banet", "unet"], parts, CONFIG, (0, 1), run_dir=run_dir, preset="nano", name="discs", split_seed=5
    )
    return result, parts, run_dir


def test_compare_trains_and_measures_every_model_and_seed(compared) -> None:
    result, parts, run_dir = compared
    assert sorted(folder.name for folder in run_dir.iterdir() if folder.is_dir()) == [
        f"{model}-seed{seed}" for model in ("banet", "unet") for seed in (0, 1)
    ]
    assert len(result.table) == 2 * 2 * 3
    kept = load_model(run_dir / "unet-seed1" / "best.safetensors")
    rows = result.table[(result.table["model"] == "unet") & (result.table["seed"] == 1)]
    pd.testing.assert_series_equal(
        evaluate(kept, parts["test"])["JA"], rows["JA"].reset_index(drop=True), check_exact=False
    )
    assert set(result.models) == {"banet", "unet"}
    assert result.facts["test_images"] == 3
    assert (result.facts["split_seed"], result.facts["seeds"]) == (5, [0, 1])


def test_the_files_say_the_same(compared) -> None:
    result, _, run_dir = compared
    pd.testing.assert_frame_equal(pd.read_csv(run_dir / "per_image.csv"), result.table, check_dtype=False)
    assert len(pd.read_csv(run_dir / "summary.csv")) == len(result.summary) == 2 * len(result.metrics)
    assert pd.read_csv(run_dir / "paired.csv").loc[0, "column"] == "JA"
    assert json.loads((run_dir / "facts.json").read_text())["training"]["steps"] == CONFIG.steps


def test_the_same_call_resumes_and_gives_the_same_figures(compared) -> None:
    result, parts, run_dir = compared
    trained = []

    class Steps:
        def on_step(self, step, parts) -> None:
            trained.append(step)

    again = compare(
        ["banet", "unet"], tuple(parts.values()), CONFIG, (0, 1), run_dir=run_dir, preset="nano", callbacks=[Steps()]
    )
    assert trained == []
    pd.testing.assert_frame_equal(again.table, result.table)


def test_seeds_start_from_different_weights_and_leave_the_callers_random_numbers_alone(tmp_path) -> None:
    first: dict[int, torch.Tensor] = {}

    def callbacks(model: str, seed: int) -> list:
        class Weights:
            def on_start(self, total: int, network) -> None:
                first[seed] = next(network.parameters()).detach().clone()

        return [Weights()]

    torch.manual_seed(3)
    expected = torch.rand(3)
    torch.manual_seed(3)
    compare(
        {"small": lambda: create_model("unet", preset="nano")}, (samples("a", 2), samples("b", 1), samples("c", 1)),
        CONFIG, (0, 1), run_dir=tmp_path, callbacks=callbacks,
    )  # fmt: skip
    assert not torch.equal(first[0], first[1])
    torch.manual_seed(0)
    assert torch.equal(next(create_model("unet", preset="nano").parameters()), first[0])
    torch.manual_seed(3)
    torch.testing.assert_close(torch.rand(3), expected)


def test_impossible_comparisons_are_refused_before_training(tmp_path) -> None:
    good = {"train": samples("a", 2), "val": samples("b", 1), "test": samples("c", 1)}
    with pytest.raises(ValueError, match="no val images"):
        compare(["unet"], {**good, "val": []}, CONFIG, run_dir=tmp_path)
    with pytest.raises(ValueError, match="also trained or validated on: a0"):
        compare(["unet"], {**good, "test": good["train"]}, CONFIG, run_dir=tmp_path)
    with pytest.raises(ValueError, match="at least one model"):
        compare([], good, CONFIG, run_dir=tmp_path)
    with pytest.raises(ValueError, match="unknown model 'resnet'"):
        compare(["unet", "resnet"], good, CONFIG, run_dir=tmp_path, preset="nano")
    assert not list(tmp_path.iterdir())


# --- the result in words ------------------------------------------------------------------------------------------


def table_of(ja_a: np.ndarray, ja_b: np.ndarray, missed: int = 0) -> pd.DataFrame:
    """Per-image rows of models a and b; ASSD falls as JA rises; the first `missed` images of b are missed."""
    frames = []
    for model, values in (("a", ja_a), ("b", ja_b)):
        rows = [
            {"model": model, "seed": 0, "name": f"i{k}", "class": "lesion", "status": "ok"} for k in range(len(values))
        ]
        frame = pd.DataFrame(rows)
        for column in ("JA", "DI", "SE", "SP", "AC"):
            frame[column] = values
        for column in ("assd_pct", "hd95_pct", "hd_pct", "bias_pct"):
            frame[column] = 10 * (1 - values)
        frame["nsd_at_1pct"] = values
        frames.append(frame)
    gone = frames[1].index < missed
    frames[1].loc[gone, "status"] = "missed"
    frames[1].loc[gone, ["JA", "DI", "SE"]] = 0.0
    frames[1].loc[gone, ["assd_pct", "hd95_pct", "hd_pct", "bias_pct", "nsd_at_1pct"]] = np.nan
    return pd.concat(frames, ignore_index=True)


BASE = np.linspace(0.5, 0.9, 12)
STEPS = np.linspace(0.01, 0.05, 12)


def test_the_better_model_is_named_whichever_place_it_has() -> None:
    ja, assd = CompareResult.from_table(table_of(BASE, BASE + STEPS)).verdicts()
    assert ja.startswith("JA: b is better than a: 0.030 higher on average")
    assert assd.startswith("ASSD (% of image diagonal): b is better than a: 0.300 lower on average")
    ja, assd = CompareResult.from_table(table_of(BASE + STEPS, BASE)).verdicts()
    assert ja.startswith("JA: a is better than b: 0.030 higher")
    assert assd.startswith("ASSD (% of image diagonal): a is better than b: 0.300 lower")


def test_no_winner_without_a_clear_difference() -> None:
    noise = np.tile([0.02, -0.02], 6) * np.linspace(0.5, 1, 12)
    assert "no clear difference between a and b" in CompareResult.from_table(table_of(BASE, BASE + noise)).verdicts()[0]
    skewed = np.full(12, 0.02)
    skewed[0] = -0.25  # eleven of twelve images favour b, and one outweighs them all
    said = CompareResult.from_table(table_of(BASE, BASE + skewed)).verdicts()[0]
    assert "no clear difference" in said
    assert "the test and the interval disagree" in said
    few = CompareResult.from_table(table_of(BASE[:3], BASE[:3] + 0.2)).verdicts()[0]
    assert "no clear difference" in few
    assert "not tested" in few


def test_missed_cases_stand_in_the_table_and_the_verdict() -> None:
    result = CompareResult.from_table(table_of(BASE, BASE + 0.01, missed=2))
    head, rows = result.cells()
    assert dict(zip(head, rows[1], strict=True))["missed"] == "2 of 12"
    assert dict(zip(head, rows[0], strict=True))["missed"] == "0 of 12"
    assert "2 of 12 images left out" in result.verdicts()[1]


def test_text_and_markdown_show_every_mean_with_its_interval() -> None:
    result = CompareResult.from_table(table_of(BASE, BASE + STEPS))
    ja = result.summary.set_index(["model", "metric"]).loc[("b", "JA")]
    cell = f"{ja['mean']:.3f} [{ja['low']:.3f}, {ja['high']:.3f}]"
    assert cell in result.to_text()
    markdown = result.to_markdown().splitlines()
    assert markdown[0].startswith("| model | JA | DI | ASSD (% of image diagonal) |")
    assert cell in markdown[3]
    assert len({line.count("|") for line in markdown[:4]}) == 1
    assert "bootstrap interval over images" in result.to_text()


def test_one_model_gives_a_table_and_no_test() -> None:
    table = table_of(BASE, BASE)
    result = CompareResult.from_table(table[table["model"] == "a"])
    assert result.tests.empty
    assert result.verdicts() == []
    assert len(result.cells()[1]) == 1


def test_classes_are_summarised_and_tested_apart() -> None:
    other = table_of(BASE + STEPS, BASE).assign(**{"class": "rim"})
    result = CompareResult.from_table(pd.concat([table_of(BASE, BASE + STEPS), other], ignore_index=True))
    groups = sorted(row[:2] for row in result.cells()[1])
    assert groups == [["a", "lesion"], ["a", "rim"], ["b", "lesion"], ["b", "rim"]]
    said = result.verdicts()
    assert any("b is better than a" in line and "class lesion" in line for line in said)
    assert any("a is better than b" in line and "class rim" in line for line in said)


@pytest.mark.parametrize(
    ("column", "label"),
    [
        ("hd95_mm", "HD95 (mm)"),
        ("bias_pct", "bias (% of image diagonal)"),
        ("nsd_at_0.5mm", "NSD at 0.5 mm"),
        ("nsd_at_1pct", "NSD at 1 % of image diagonal"),
    ],
)
def test_labels_carry_the_unit(column: str, label: str) -> None:
    assert metric_label(column) == label
