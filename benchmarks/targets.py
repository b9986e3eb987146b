"""How far BA-Net lite gets from random weights, in 80 core minutes: a recipe chosen on VALIDATION, measured once on test.

    OMP_NUM_THREADS=1 python benchmarks/tuning.py isic2017 --root ../shared/data/isic2017 --only base,long,longer
    OMP_NUM_THREADS=1 python benchmarks/targets.py isic2017 --root ../shared/data

The variant with the highest validation JA (best epoch, predictions averaged over flips) among the runs in RUNS that took at
most 80 minutes of one thread (what 40 minutes on 2 cores are worth) is taken. Per test image one row is written to
docs/recorded/targets/DATA.csv, beside it the facts. A recorded data set is not measured again: a choice among several
figures of the test part would be a choice on the test part. Networks trained on ISIC-2017 are measured on PH2 as well.
"""

from __future__ import annotations

import argparse
import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import pandas as pd
import torch
from study import RECORDED, keep

from banet_edu import load_model, open_dataset
from banet_edu.config import Flips, ModelSpec
from banet_edu.data.sample import Sample
from banet_edu.study.compare import evaluate
from banet_edu.study.machine import machine_facts
from banet_edu.study.statistics import summarise

TARGETS = {"isic2017": 0.81, "ph2": 0.84, "kvasir_seg": 0.75, "sz_cxr": 0.94}  # JA on the test part
ONLY_TESTED = {"isic2017": "ph2"}
LIMIT_S = 2 * 40 * 60


def chosen(table: Path) -> dict[str, Any]:
    """The row of tuning.py's table with the best validation JA among the runs that kept the time.

    Raises SystemExit when there is none.
    """
    rows = pd.read_csv(table) if table.is_file() else pd.DataFrame({"seconds": []})
    in_time = rows[rows["seconds"] <= LIMIT_S]
    if in_time.empty:
        raise SystemExit(f"{table} has no run of at most {LIMIT_S // 60} minutes: run benchmarks/tuning.py first")
    best: dict[str, Any] = in_time.sort_values("best_JA_flips").iloc[-1].to_dict()
    return best


def measure(model: Any, samples: Sequence[Sample], flips: Flips, name: str, facts: dict[str, Any]) -> None:
    """Writes NAME.csv and NAME.json of docs/recorded/targets."""
    table = evaluate(model, samples, flips=flips)
    keep(
        RECORDED / "targets" / f"{name}.csv",
        table,
        facts | {"target_JA": TARGETS[name]},
        facts["commit"],
        facts["seconds"],
    )
    print(f"{name}: JA {table['JA'].mean():.4f} on {len(table)} images, target {TARGETS[name]}", flush=True)


def targets_table(run: Path) -> str:
    """Markdown of docs/recorded/targets: one row per test part, with what was trained, its time and the target."""
    lines = ["```"]
    files = [run / f"{name}.csv" for name in TARGETS if (run / f"{name}.csv").is_file()]
    facts = {file: json.loads(file.with_suffix(".json").read_text(encoding="utf-8")) for file in files}
    for fact in {fact["data"]: fact for fact in facts.values()}.values():
        root = f"--root ../shared/data/{fact['data']}"
        lines.append(f"OMP_NUM_THREADS=1 python benchmarks/tuning.py {fact['data']} {root} --only {fact['variant']}")
        lines.append(f"OMP_NUM_THREADS=1 python benchmarks/targets.py {fact['data']} --root ../shared/data")
    dates = " and ".join(sorted({fact["recorded"] for fact in facts.values()}))
    head = "measured on | trained on | variant | input | parameters | steps | training (min) | validation JA | test JA | target"
    head += " | ASSD (% of image diagonal) | missed"
    lines += ["```", "", f"BA-Net lite from random weights, seed 0, one thread; recorded {dates}.", ""]
    lines += [f"| {head} |", "|---" * 12 + "|"]
    for file, fact in facts.items():
        table = pd.read_csv(file).assign(model="banet")
        found = summarise(table, ["JA", "assd_pct"]).set_index("metric")
        ja, assd = (f"{r['mean']:.3f} [{r['low']:.3f}, {r['high']:.3f}]" for _, r in found.iterrows())
        ends = [f"{fact['validation_JA_flips']:.3f}", ja, f"{fact['target_JA']:.2f}", assd]
        size = "x".join(map(str, fact["input_size"]))
        row = [file.stem, fact["data"], fact["variant"], size, f"{fact['parameters']:,}", str(fact["steps"])]
        row += [f"{fact['seconds'] / 60:.0f}", *ends, f"{found['n_missed'].iloc[0]:.0f} of {len(table)}"]
        lines.append("| " + " | ".join(row) + " |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", choices=[name for name in TARGETS if name not in ONLY_TESTED.values()])
    parser.add_argument("--root", type=Path, required=True, help="folder that holds isic2017, ph2, kvasir_seg, sz_cxr")
    parser.add_argument("--runs", type=Path, default=Path("runs/tuning"), help="what tuning.py was given as --out")
    given = parser.parse_args()
    if (RECORDED / "targets" / f"{given.data}.csv").is_file():
        raise SystemExit(f"{given.data} is recorded; the test part is measured once")
    row = chosen(given.runs / f"{given.data}.csv")
    model = load_model(given.runs / f"{given.data}-{row['variant']}-seed{row['seed']}" / "best.safetensors")
    dataset = open_dataset(given.data, given.root / given.data)
    spec = cast(ModelSpec, model.spec)
    flips: Flips = "horizontal" if dataset.upright else "all"
    facts: dict[str, Any] = {
        "data": given.data,
        "variant": row["variant"],
        "seed": int(row["seed"]),
        "steps": int(row["steps"]),
        "validation_JA_flips": row["best_JA_flips"],
        "flips": flips,
        "parameters": sum(p.numel() for p in model.parameters()),
        "seconds": int(row["seconds"]),
        "commit": subprocess.check_output(["git", "rev-parse", "--short", "HEAD"], text=True).strip(),
        "machine": machine_facts(),
        "overrides": dict(spec.overrides),
        "input_size": list(spec.input_size),
    }
    torch.set_num_threads(1)
    if other := ONLY_TESTED.get(given.data):
        measure(model, open_dataset(other, given.root / other), flips, other, facts)
    measure(model, dataset.part("test", 0), flips, given.data, facts)  # last: its file says that all is recorded


if __name__ == "__main__":
    main()
