from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import load_file
from training_helpers import CONFIG, SIZE, Tiny, discs, tiny

from banet_edu.cli.outcome import RichProgress
from banet_edu.data.prepared import Prepared
from banet_edu.data.sample import Sample
from banet_edu.networks.registry import create_model
from banet_edu.networks.weights import load_model
from banet_edu.storage import save_model
from banet_edu.training.callbacks import PrintEpochs
from banet_edu.training.loop import fit

TRAIN, VAL = discs(14), discs(5, seed=1)


def test_training_learns_and_leaves_a_complete_run_directory(tmp_path):
    model = tiny()
    history = fit(model, TRAIN, VAL, replace(CONFIG, steps=90), tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir() if not path.name.startswith(".")) == [
        "best.safetensors",
        "config.json",
        "history.csv",
        "last.safetensors",
    ]
    table = history.table
    assert list(table.columns) == [
        "epoch", "step", "loss", "loss_ce", "loss_dice", "loss_seg1", "loss_edge1",
        "val_JA", "val_assd_pct", "val_missed", "val_hallucinated", "learning_rate", "seconds",
    ]  # fmt: skip
    assert list(table["epoch"]) == list(range(1, 31))
    assert list(table["step"]) == list(range(3, 91, 3))
    assert history.stopped == "steps"
    assert history.best["val_JA"] > 0.8 > table["val_JA"][0]
    assert table["loss"].iloc[-1] < table["loss"][0]
    total = table[["loss_ce", "loss_dice", "loss_seg1", "loss_edge1"]].sum(axis=1)
    assert np.allclose(total, table["loss"], atol=1e-5)

    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "history.csv"), table)
    settings = json.loads((tmp_path / "config.json").read_text())
    assert settings["train"]["steps"] == 90
    assert settings["spec"]["name"] == "tiny"
    assert settings["versions"]["torch"] == torch.__version__

    best = load_file(tmp_path / "best.safetensors")
    assert not model.training
    assert all(torch.equal(best[name], value) for name, value in model.state_dict().items())
    assert all(parameter.is_contiguous() for parameter in model.parameters())


def test_best_is_the_epoch_with_the_highest_validation_ja(tmp_path):
    saved: dict[int, dict[str, torch.Tensor]] = {}

    class Keep:
        def on_start(self, total_steps, model):
            self.model = model

        def on_epoch(self, row):
            saved[row["epoch"]] = {name: value.clone() for name, value in self.model.state_dict().items()}

    history = fit(tiny(), TRAIN, VAL, replace(CONFIG, learning_rate=0.1), tmp_path, [Keep()])
    values = list(history.table["val_JA"])
    assert history.best["epoch"] == 1 + values.index(max(values))
    best = load_file(tmp_path / "best.safetensors")
    assert all(torch.equal(best[name], value) for name, value in saved[history.best["epoch"]].items())


def test_a_real_network_trains_and_its_best_weights_load(tmp_path):
    torch.manual_seed(0)
    model = create_model("banet", preset="nano", input_size=SIZE)
    fit(model, discs(4), discs(2, seed=1), replace(CONFIG, steps=2), tmp_path)
    loaded = load_model(tmp_path / "best.safetensors")
    assert loaded.info["step"] in (1, 2)
    x = torch.randn(1, 3, SIZE, SIZE)
    assert torch.allclose(loaded(x), model(x), atol=1e-5)


def test_same_seed_same_weights_whatever_the_users_generator_does(tmp_path):
    def run(name, seed=0):
        model = tiny()
        torch.manual_seed(len(name))
        np.random.seed(len(name))  # noqa: NPY002 - a user's legacy seed must not matter
        before = torch.get_rng_state()
        fit(model, TRAIN, VAL, replace(CONFIG, steps=8, seed=seed), tmp_path / name)
        assert torch.equal(torch.get_rng_state(), before)
        return (tmp_path / name / "best.safetensors").read_bytes()

    assert run("a") == run("long name")
    assert run("other", seed=1) != run("a")


def test_prepared_data_are_taken_as_they_are(tmp_path):
    prepared = Prepared(TRAIN, SIZE), Prepared(VAL, SIZE)
    fit(tiny(), *prepared, replace(CONFIG, steps=3), tmp_path / "a")
    fit(tiny(), TRAIN, VAL, replace(CONFIG, steps=3), tmp_path / "b")
    assert (tmp_path / "a/best.safetensors").read_bytes() == (tmp_path / "b/best.safetensors").read_bytes()
    with pytest.raises(ValueError, match=r"\(16, 16\), the model takes \(32, 32\)"):
        fit(tiny(), Prepared(TRAIN, 16), prepared[1], CONFIG, tmp_path / "c")


def test_three_classes(tmp_path):
    samples = []
    for sample in discs(8):
        labels = sample.mask.astype(np.uint8)
        labels[:8, :8] = 2
        samples.append(Sample(sample.image, labels, sample.name))
    history = fit(tiny(num_classes=3), samples[:6], samples[6:], replace(CONFIG, steps=2), tmp_path / "run")
    assert 0 <= history.best["val_JA"] <= 1
    with pytest.raises(ValueError, match=r"mask of disc-0-0 holds label 2, the model knows 0\.\.1"):
        fit(tiny(), samples, VAL, CONFIG, tmp_path / "two")


def test_validation_counts_missed_and_hallucinated_masks(tmp_path):
    model = tiny()
    empty = [Sample(sample.image, np.zeros_like(sample.mask), sample.name) for sample in VAL]

    def first_row(name, foreground_bias, val):
        torch.nn.init.zeros_(model.seg.weight)
        model.seg.bias.data = torch.tensor([0.0, foreground_bias])
        config = replace(CONFIG, steps=1, learning_rate=1e-9)
        return fit(model, TRAIN, val, config, tmp_path / name).rows[0]

    row = first_row("missed", -9.0, VAL)
    assert (row["val_missed"], row["val_hallucinated"], row["val_JA"]) == (5, 0, 0)
    assert np.isnan(row["val_assd_pct"])
    row = first_row("hallucinated", 9.0, empty)
    assert (row["val_missed"], row["val_hallucinated"], row["val_JA"]) == (0, 5, 0)
    row = first_row("empty", -9.0, [*VAL[:1], *empty])
    assert (row["val_missed"], row["val_hallucinated"], row["val_JA"]) == (1, 0, 0)


def test_patience_stops_early(tmp_path):
    class Frozen(Tiny):  # nothing left to learn: the first epoch stays the best
        def forward(self, x):
            return torch.stack([x[:, 0] * 0, x[:, 0] * 0 - 1], 1) + self.seg.bias.sum() * 0

    history = fit(Frozen(), TRAIN, VAL, replace(CONFIG, patience=2), tmp_path)
    assert history.stopped == "patience"
    assert len(history) == 3
    assert history.best["epoch"] == 1
    assert len(fit(Frozen(), TRAIN, VAL, replace(CONFIG, patience=2), tmp_path)) == 3


def test_a_loss_that_is_not_a_number_stops_with_the_batch_and_keeps_the_last_state(tmp_path):
    class Spoilt(Tiny):
        calls = 0

        def forward(self, x):
            self.calls += self.training
            logits = self.seg(self.body(x))
            return logits * float("nan") if self.training and self.calls == 7 else logits

    model = Spoilt()
    with pytest.raises(FloatingPointError, match="nan at step 7, in the batch disc-0-") as error:
        fit(model, TRAIN, VAL, CONFIG, tmp_path, save_every_s=0)
    assert str(error.value).count("disc-0-") == 4
    last = load_file(tmp_path / "last.safetensors")
    assert all(value.isfinite().all() for value in last.values())
    assert last["optimizer.0.step"] == 6
    assert all(parameter.isfinite().all() for parameter in model.parameters())


def test_weights_that_are_not_numbers_are_never_saved(tmp_path):
    class Spoil:
        def on_start(self, total_steps, model):
            self.model = model

        def on_step(self, step, parts):  # as a gradient that overflows would, after a finite loss
            if step == 5:
                self.model.seg.bias.data[0] = float("inf")

    with pytest.raises(FloatingPointError, match="weights are no longer finite after step 5, in the batch disc-0-"):
        fit(tiny(), TRAIN, VAL, CONFIG, tmp_path, [Spoil()], save_every_s=0)
    assert load_file(tmp_path / "last.safetensors")["optimizer.0.step"] == 4


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"optimizer": "sgd"}, "sgd"),
        ({"schedule": "linear"}, "linear"),
        ({"device": "tpu"}, "tpu"),
        ({"precision": "fp8"}, "fp8"),
        ({"augment": "mixup"}, "mixup"),
    ],
)
def test_unknown_settings_are_named(tmp_path, change, message):
    with pytest.raises(ValueError, match=message):
        fit(tiny(), TRAIN, VAL, replace(CONFIG, **change), tmp_path)
    fit(tiny(), TRAIN, VAL, replace(CONFIG, steps=1), tmp_path)  # a run that never began does not occupy the directory


def test_bf16_trains_on_the_cpu_and_keeps_fp32_weights(tmp_path):
    history = fit(tiny(), TRAIN, VAL, replace(CONFIG, steps=3, precision="bf16"), tmp_path / "bf16")
    plain = fit(tiny(), TRAIN, VAL, replace(CONFIG, steps=3), tmp_path / "fp32")
    assert all(value.dtype != torch.bfloat16 for value in load_file(tmp_path / "bf16/best.safetensors").values())
    assert history.rows[0]["loss"] != plain.rows[0]["loss"]
    assert history.rows[0]["loss"] == pytest.approx(plain.rows[0]["loss"], rel=0.02)


def test_print_epochs_is_the_same_every_time(tmp_path, capsys):
    fit(tiny(), TRAIN, VAL, replace(CONFIG, steps=9), tmp_path / "a", [PrintEpochs()])
    first = capsys.readouterr().out
    assert first.count("\n") == 3
    assert first.startswith("epoch   1  step     3  loss ")
    fit(tiny(), TRAIN, VAL, replace(CONFIG, steps=9), tmp_path / "b", [PrintEpochs()])
    assert capsys.readouterr().out == first
    fit(tiny(), TRAIN, VAL, replace(CONFIG, steps=9), tmp_path / "c", [PrintEpochs(every=2)])
    assert capsys.readouterr().out == first.splitlines()[1] + "\n"


def test_rich_progress_stops_its_bar_after_an_error(tmp_path):
    class Crash:
        def on_step(self, step, parts):
            raise RuntimeError("crash")

    progress = RichProgress()
    with pytest.raises(RuntimeError, match="crash"):
        fit(tiny(), TRAIN, VAL, CONFIG, tmp_path, [progress, Crash()])
    assert not progress.bar.live.is_started
    assert progress.bar.tasks[0].completed == 1
    assert progress.bar.tasks[0].total == CONFIG.steps


@pytest.mark.parametrize(("least", "shown"), [(3, range(3, 49, 3)), (20, (3, 24, 45, 48))])
def test_where_no_bar_can_be_drawn_there_is_a_line_per_epoch_but_not_every_few_steps(least, shown, tmp_path, capsys):
    progress = RichProgress("banet, seed 0")
    progress.STEPS_A_LINE = least
    fit(tiny(), TRAIN, VAL, replace(CONFIG, steps=48), tmp_path, [progress])
    lines = [line for line in capsys.readouterr().out.splitlines() if "of 48, validation JA 0." in line]
    assert [line.split(",")[1] for line in lines] == [f" seed 0: step {step} of 48" for step in shown]
    assert RichProgress.STEPS_A_LINE == 20


def test_frozen_parameters_stay(tmp_path):
    model = tiny()
    model.body.requires_grad_(False)
    before = model.body[0].weight.clone()
    fit(model, TRAIN, VAL, replace(CONFIG, steps=3), tmp_path)
    assert torch.equal(model.body[0].weight, before)


def test_best_weights_can_be_saved_again(tmp_path):
    model = tiny()
    fit(model, TRAIN, VAL, replace(CONFIG, steps=3), tmp_path)
    save_model(tmp_path / "copy.safetensors", model)
    assert load_file(tmp_path / "copy.safetensors").keys() == load_file(tmp_path / "best.safetensors").keys()
