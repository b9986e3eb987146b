"""Comparison: measured at the mask's own size, the same for every model, told in words that follow the figures."""

from __future__ import annotations

import json
from functools import partial

import numpy as np
import pandas as pd
import pytest
import torch
from known_model import Brightness, disc_sample

from banet_edu.config import TrainConfig
from banet_edu.data.sample import Sample
from banet_edu.metrics.boundary import boundary_metrics
from banet_edu.metrics.overlap import overlap
from banet_edu.networks.classical import CLASSICAL
from banet_edu.networks.registry import create_model
from banet_edu.networks.weights import load_model
from banet_edu.phantoms.phantom import make_phantom
from banet_edu.prediction import predict
from banet_edu.reports.comparison import write_report
from banet_edu.study.compare import compare, evaluate
from banet_edu.study.result import CompareResult

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


@pytest.mark.parametrize("seeds", [(0, 0), (-1,)])
def test_a_seed_given_twice_or_below_0_is_refused_before_training(seeds, tmp_path) -> None:
    parts = (samples("a", 4), samples("b", 2), samples("c", 2))
    with pytest.raises(ValueError, match="whole numbers from 0 on, each given once"):
        compare({"net": Brightness}, parts, CONFIG, seeds, run_dir=tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.landing
def test_classical_methods_are_compared_without_training(tmp_path):
    painted = [make_phantom("dermoscopy", seed=s, size=64) for s in range(8)]
    parts = (painted[:4], painted[4:6], painted[6:])
    config = TrainConfig(steps=2, batch_size=2)
    result = compare(["unet", "otsu", "gabor"], parts, config, [0, 1], run_dir=tmp_path, preset="nano")
    assert result.table.groupby("model")["seed"].nunique().to_dict() == {"unet": 2, "otsu": 2, "gabor": 2}
    alone = evaluate(CLASSICAL["otsu"](), painted[6:])
    for seed in (0, 1):
        mine = result.table[(result.table["model"] == "otsu") & (result.table["seed"] == seed)]
        assert mine["JA"].tolist() == alone["JA"].tolist()
    assert result.facts["untrained"] == ["otsu", "gabor"] and list(result.facts["parameters"]) == ["unet"]
    assert set(result.histories) == {("unet", 0), ("unet", 1)} and not (tmp_path / "otsu-seed0").exists()
    assert {row["b"] for row in result.tests.to_dict("records")} == {"otsu", "gabor"}
    page = write_report(result, painted[6:], tmp_path / "report.html").read_text(encoding="utf-8")
    assert "otsu, gabor: no training, measured on the same test images." in page


def test_models_of_different_classes_do_not_compare(tmp_path):
    painted = [make_phantom("dermoscopy", seed=s, size=64) for s in range(6)]
    models = {"three": partial(create_model, "unet", "nano", 3), "otsu": "otsu"}
    with pytest.raises(ValueError, match="different classes"):
        compare(models, (painted[:2], painted[2:4], painted[4:]), run_dir=tmp_path)


def test_a_function_that_gives_one_network_again_is_refused(tmp_path):
    net = create_model("banet", "nano", input_size=64)
    with pytest.raises(ValueError, match="mine: its function must build a new network each time"):
        compare(
            {"mine": lambda: net},
            {part: samples(part, 4) for part in ("train", "val", "test")},
            CONFIG,
            seeds=(0, 1),
            run_dir=tmp_path,
        )


def test_a_label_that_the_network_does_not_know_is_no_background():
    sample = disc_sample("odd")
    mask = np.asarray(sample.mask).astype(np.uint8)
    mask[:2] = 2
    with pytest.raises(ValueError, match=r"its mask holds label 2, the model knows 0\.\.1"):
        evaluate(create_model("banet", "nano", input_size=64), [Sample(sample.image, mask, "odd")])
