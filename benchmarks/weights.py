"""Make, check and describe the bundled weights.

    python benchmarks/weights.py phantom --out runs/phantom-lite        # train banet and unet on phantoms
    python benchmarks/weights.py bundle runs/isic2017-lite-5000 dermoscopy --format isic2017 --root ISIC_ROOT
    python benchmarks/weights.py bundle runs/phantom-lite phantom
    python benchmarks/weights.py bundle runs/volumes hippocampus --format msd --root MSD_ROOT    # of benchmarks/volumes.py
    python benchmarks/weights.py check dermoscopy --format isic2017 --root ISIC_ROOT
    python benchmarks/weights.py check all --root ../shared/data        # every file, data in isic2017, kvasir_seg ...

`bundle` stores the best epoch of seed 0 of a `banet-edu compare` run as 8-bit integers, loads the stored file
again and measures THAT on the test part; the figures go into the card beside it, with those of the 32-bit
weights for comparison. `check` measures a bundled file again, compares every figure with its card and ends with 1 where
one differs.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from banet_edu import load_model, open_dataset
from banet_edu.config import TrainConfig
from banet_edu.paths import samples_root
from banet_edu.phantoms.bundle import FOLDERS
from banet_edu.phantoms.endless import painted_parts
from banet_edu.storage import save_model, sha256
from banet_edu.study.compare import compare, evaluate
from banet_edu.study.machine import machine_facts
from banet_edu.study.statistics import summarise
from banet_edu.training.callbacks import PrintEpochs

NETWORKS = ("banet", "unet")
VOLUMES = (*NETWORKS, "banet-slices")  # of the hippocampus: a run each

TERMS = {
    "dermoscopy": {
        "data": "ISIC-2017 training images (Codella et al. 2018, arXiv:1710.05006), 800 of 2000, shrunk to 256 x 256",
        "terms": "The images were published as CC0 in the ISIC archive (verify there). Research and teaching; cite the data.",
    },
    "polyp": {
        "data": "Kvasir-SEG (Jha et al., MMM 2020), 740 of 1000, shrunk to 256 x 256",
        "terms": "Kvasir-SEG is for research and education only; other or commercial use needs its owners' permission.",
    },
    "lung": {
        "data": "Shenzhen chest X-rays (Jaeger et al. 2014) with the lung masks of Stirenko et al. 2018, 446 of 566",
        "terms": "Images free for research with attribution; masks CC BY-NC-SA 4.0 by one account: treat as non-commercial.",
    },
    "hippocampus": {
        "data": "Medical Segmentation Decathlon, Task04 (Antonelli et al. 2022, doi 10.1038/s41467-022-30695-9), 140 of 200",
        "terms": "CC BY-SA 4.0: name the source, share alike.",
    },
    "phantom": {
        "data": "Phantoms of this package, all three kinds together; tested on the 144 bundled samples",
        "terms": "No patient data: the MIT licence of the code.",
    },
}
FORMATS = {"dermoscopy": "isic2017", "polyp": "kvasir_seg", "lung": "sz_cxr", "hippocampus": "msd", "phantom": None}
FOLDERS_OF = {"msd": "msd_hippocampus"}  # where a data set's folder has not its format's name
TOLERANCE = 0.001
METRICS = ["JA", "DI", "assd_pct", "hd95_pct", "nsd_at_1pct"]
METRICS_MM = ["JA", "DI", "assd_mm", "hd95_mm", "nsd_at_1mm"]


def phantom(out: Path, steps: int) -> None:
    result = compare(
        NETWORKS,
        painted_parts(list(FOLDERS)),
        TrainConfig(steps=steps),
        run_dir=out,
        name="phantoms",
        callbacks=[PrintEpochs()],
    )
    print(result.to_text())


def networks_of(kind: str) -> Sequence[str]:
    return VOLUMES if kind == "hippocampus" else NETWORKS


def test_part(kind: str, format_name: str | None, root: Path | None) -> Sequence[Any]:
    if kind == "phantom":
        return painted_parts(list(FOLDERS))["test"]
    if format_name is None or root is None:
        raise SystemExit(f"{kind} is measured on real images: name them with --format and --root")
    return open_dataset(format_name, root, split="test")


def figures(model: Any, samples: Sequence[Any]) -> dict[str, Any]:
    """Mean and 95 % interval of every metric, and the cases without a prediction."""
    table = evaluate(model, samples)
    table.insert(0, "model", "model")
    columns = METRICS_MM if "assd_mm" in table.columns else METRICS
    if table["name"].duplicated().any():  # several classes: a case's figure is their mean
        means = {"status": "first"} | dict.fromkeys(columns, "mean")
        table = table.groupby(["model", "name"], sort=False).agg(means).reset_index()
    summary = summarise(table, columns).set_index("metric")
    values = {
        column: [round(float(summary.loc[column, key]), 4) for key in ("mean", "low", "high")] for column in columns
    }
    first = summary.iloc[0]
    return {
        "images": table["name"].nunique(),
        "missed": int(first["n_missed"]),
        "hallucinated": int(first["n_hallucinated"]),
    } | values


def bundle(run: Path, kind: str, format_name: str | None, root: Path | None) -> None:
    samples = test_part(kind, format_name, root)
    for network in networks_of(kind):
        name = f"{network}-lite-{kind}"
        one = run / network if kind == "hippocampus" else run
        facts = json.loads((one / "facts.json").read_text(encoding="utf-8"))
        model = load_model(one / f"{network}-seed0" / "best.safetensors")
        full = figures(model, samples)
        path = samples_root() / "weights" / f"{name}.safetensors"
        path.unlink(missing_ok=True)  # the one of before is in git
        save_model(path, model, {"name": name, **TERMS[kind]}, storage="int8")
        stored = figures(load_model(name), samples)
        card = {
            "name": name,
            "sha256": sha256(path),
            **TERMS[kind],
            "not for": "diagnosis or any clinical use: a teaching model, not a medical device",
            "training": {key: facts[key] for key in ("train_images", "val_images", "split_seed", "seeds", "training")},
            "parameters": facts["parameters"][network],
            "training seconds": round(facts["seconds"][f"{network}-seed0"]),
            "machine": machine_facts(),
            "commands": commands(kind, format_name, run, facts),
            "date": date.today().isoformat(),
            "storage": "8-bit integers, one scale per output channel; batch norm and biases 32-bit",
            "figures: [mean, low, high], 95 % bootstrap interval over test images, of this file": stored,
            "figures of the 32-bit weights": full,
        }
        path.with_suffix(".json").write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")
        print(name, f"{path.stat().st_size / 1e6:.2f} MB", stored, "32-bit JA", full["JA"][0], flush=True)


def commands(kind: str, format_name: str | None, run: Path, facts: Mapping[str, Any]) -> list[str]:
    steps = facts["training"]["steps"]
    if kind == "phantom":
        return [
            f"python benchmarks/weights.py phantom --out runs/{run.name} --steps {steps}",
            f"python benchmarks/weights.py bundle runs/{run.name} phantom",
        ]
    data = f"--format {format_name} --root ../shared/data/{FOLDERS_OF.get(str(format_name), format_name)}"
    bundled = f"python benchmarks/weights.py bundle runs/{run.name} {kind} {data}"
    if kind == "hippocampus":
        return ["python benchmarks/volumes.py run --root ../shared/data --seeds 0", bundled]
    return [
        f"banet-edu compare {data} --models {','.join(facts['parameters'])} --preset {facts['preset']} "
        f"--seed {','.join(map(str, facts['seeds']))} --steps {steps} --out runs/{run.name}",
        bundled,
    ]


def check(kind: str, format_name: str | None, root: Path | None) -> bool:
    """Whether every figure of the kind's cards comes out again: counts exactly, means and intervals within TOLERANCE."""
    samples, as_promised = test_part(kind, format_name, root), True
    for network in networks_of(kind):
        name = f"{network}-lite-{kind}"
        card: Mapping[str, Any] = json.loads((samples_root() / "weights" / f"{name}.json").read_text(encoding="utf-8"))
        promised = next(value for key, value in card.items() if key.startswith("figures: "))
        found = figures(load_model(name), samples)
        wrong = [figure for figure, value in promised.items() if not same(found.get(figure), value)]
        told = (
            "as on the card"
            if not wrong
            else "NOT as on the card: "
            + ", ".join(f"{figure} {found.get(figure)} instead of {promised[figure]}" for figure in wrong)
        )
        print(f"{name}: {len(promised)} figures, JA {found['JA'][0]:.4f}: {told}", flush=True)
        as_promised = as_promised and not wrong
    return as_promised


def same(found: Any, promised: Any) -> bool:
    if isinstance(promised, list):
        return isinstance(found, list) and all(abs(a - b) < TOLERANCE for a, b in zip(found, promised, strict=True))
    return bool(found == promised)


def check_all(root: Path | None) -> bool:
    if root is None:
        raise SystemExit(
            "the real images are needed: name the folder that holds isic2017, kvasir_seg, sz_cxr and msd_hippocampus, --root"
        )
    folder = {name: root / FOLDERS_OF.get(name, name) for name in FORMATS.values() if name}
    verdicts = [check(kind, name, folder[name] if name else None) for kind, name in FORMATS.items()]
    return all(verdicts)  # only now: one wrong file does not keep the others from being measured


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands_ = parser.add_subparsers(dest="command", required=True)
    training = commands_.add_parser("phantom")
    training.add_argument("--out", type=Path, default=Path("runs/phantom-lite"))
    training.add_argument("--steps", type=int, default=500)
    for name in ("bundle", "check"):
        command = commands_.add_parser(name)
        if name == "bundle":
            command.add_argument("run", type=Path)
        command.add_argument("kind", choices=[*TERMS, *(["all"] if name == "check" else [])])
        command.add_argument("--format")
        command.add_argument("--root", type=Path)
    given = parser.parse_args()
    if given.command == "phantom":
        phantom(given.out, given.steps)
    elif given.command == "bundle":
        bundle(given.run, given.kind, given.format, given.root)
    else:
        right = check_all(given.root) if given.kind == "all" else check(given.kind, given.format, given.root)
        raise SystemExit(0 if right else 1)


if __name__ == "__main__":
    main()
