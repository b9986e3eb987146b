"""Track records: how well what is known without a mask tells where a bundled network's outline is wrong.

    python benchmarks/track_records.py ../shared/data            # fits, measures, fills docs/recorded and the weights' cards
    python benchmarks/track_records.py ../shared/data --only lung

Fitted to the validation part of each set (of the phantoms: painted anew, seeds from 50,000), measured on its test part (seeds
from 60,000), which had no say in it.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from study import RECORDED

from banet_edu import load_model, make_phantom, open_dataset
from banet_edu.data.sample import Sample
from banet_edu.explain import boundary_profile, probe
from banet_edu.explain.boundary.clues import Clues, read_clues
from banet_edu.explain.boundary.outline import Grid
from banet_edu.explain.boundary.segments import unclear_stretches
from banet_edu.explain.boundary.track_record import Case, fit_track_record, judged, marks, told, true_errors
from banet_edu.paths import samples_root
from banet_edu.storage import write_text
from banet_edu.study.machine import machine_facts

SETS = {
    "dermoscopy": ("isic2017", "ISIC-2017"),
    "polyp": ("kvasir_seg", "Kvasir-SEG"),
    "lung": ("sz_cxr", "SZ-CXR"),
    "phantom": ("", "painted pictures"),
}
PAINTED = {"val": 50_000, "test": 60_000}
EACH = 40  # phantoms of each kind
RESAMPLES = 2000
OURS, BEFORE = "track record", "no clear edge, or undecided"


def samples(kind: str, part: str, root: Path) -> Sequence[Sample]:
    if kind != "phantom":
        return open_dataset(SETS[kind][0], root / SETS[kind][0], part)
    return [make_phantom(one, seed=PAINTED[part] + k) for one in ("dermoscopy", "polyp", "lung") for k in range(EACH)]


def cases(network: str, second: str, kind: str, part: str, root: Path) -> tuple[list[str], list[Case], int]:
    """Names and cases of the images with an outline, and how many have none: nothing found, or nothing there."""
    model, other = load_model(network), load_model(second)
    names: list[str] = []
    found: list[Case] = []
    every = samples(kind, part, root)
    for k in range(len(every)):
        sample = every[k]
        clues = read_clues(model, other, sample)
        error = true_errors(clues, sample)
        if error is not None:
            names.append(sample.name)
            found.append((clues, error))
        if k % 20 == 19:
            print(f"{network}, {part}: {k + 1} of {len(every)}", flush=True)
    return names, found, len(every) - len(found)


def ways(model: dict[str, Any], clues: Clues, error: Any) -> dict[str, dict[str, float]]:
    """What the track record tells of an image, and what simpler scores would with the same quarter marked."""
    pct = error * 100 / float(np.hypot(*clues.grid.shape))
    simpler = {
        "slack alone": clues.values["slack"],
        "untuned sum": clues.values["slack"] + clues.values["second"] + clues.values["mirrored"],
    }
    rows = {by: told(s, marks(s, clues.outline), pct) for by, s in simpler.items()}
    return {OURS: judged(model, clues, error)} | rows


def unclear(network: str, kind: str, root: Path) -> pd.DataFrame:
    """The same figures for the stretches where the image shows no clear edge or the network is undecided, which reports
    marked as doubtful before."""
    model, rows = load_model(network), []
    every = samples(kind, "test", root)
    for k in range(len(every)):
        sample = every[k]
        trace = probe(model, sample)
        assert trace.prediction is not None
        profile = boundary_profile(sample, trace.prediction, trace=trace, along="prediction")
        if not len(profile) or not profile.has_errors:
            continue
        marked = np.zeros(len(profile), bool)
        for row in unclear_stretches(profile).rows():
            marked[profile.between(row["contour"], row["from"], row["to"]).index] = True
        grid = Grid.of(trace.prediction.mask.shape, trace.prediction.spacing_mm)
        error = (
            profile.measured("signed_error").abs().to_numpy() / grid.unit_per_px * 100 / float(np.hypot(*grid.shape))
        )
        rows.append({"name": sample.name, "by": BEFORE, **told(marked.astype(float), marked, error)})
    return pd.DataFrame(rows)


def figures(table: pd.DataFrame) -> dict[str, Any]:
    """Means over images with 95 % intervals (images resampled); marked / unmarked over all points."""
    draws = np.random.default_rng(0).integers(0, len(table), (RESAMPLES, len(table)))

    def interval(of: Any) -> list[float]:
        resampled = [of(table.iloc[draw]) for draw in draws]
        return [round(float(value), 3) for value in (of(table), *np.nanquantile(resampled, [0.025, 0.975]))]

    def ratio(rows: pd.DataFrame) -> float:
        marked = rows["marked_error"].sum() / rows["marked_points"].sum()
        return float(marked / (rows["unmarked_error"].sum() / (rows["points"] - rows["marked_points"]).sum()))

    means = {
        name: interval(lambda rows, name=name: rows[name].mean())
        for name in ("auc", "spearman", "worst_tenth", "within")
    }
    marked = float(table["marked_points"].sum() / table["points"].sum())
    errors = {
        "marked_error": round(float(table["marked_error"].sum() / table["marked_points"].sum()), 3),
        "unmarked_error": round(
            float(table["unmarked_error"].sum() / (table["points"] - table["marked_points"]).sum()), 3
        ),
    }
    return {"images": len(table), "marked": round(marked, 3), **errors, "ratio": interval(ratio), **means}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("root", type=Path, help="the folder that holds isic2017, kvasir_seg and sz_cxr")
    parser.add_argument("--only", choices=SETS, action="append")
    given = parser.parse_args()
    for kind in given.only or SETS:
        banet, unet = f"banet-lite-{kind}", f"unet-lite-{kind}"
        for network, second in ((banet, unet), (unet, banet)):
            measure(network, second, kind, given.root)


def measure(network: str, second: str, kind: str, root: Path) -> None:
    _, known, _ = cases(network, second, kind, "val", root)
    names, unseen, without = cases(network, second, kind, "test", root)
    model = fit_track_record(known, list(known[0][0].values))
    rows = [
        {"name": name, "by": by, **row}
        for name, case in zip(names, unseen, strict=True)
        for by, row in ways(model, *case).items()
    ]
    table = pd.DataFrame(rows)
    record = {
        "second": second,
        "data": SETS[kind][1],
        "skin": kind in ("dermoscopy", "phantom"),
        "fitted_to": len(known),
        "without_outline": without,
        "measured": figures(table[table["by"] == OURS]),
        **model,
    }
    if network.startswith("banet"):
        table = pd.concat([table, unclear(network, kind, root)], ignore_index=True)
    folder = RECORDED / "track-records"
    folder.mkdir(exist_ok=True)
    table.round(4).to_csv(folder / f"{network}.csv", index=False)
    facts = {"recorded": date.today().isoformat(), "command": "python benchmarks/track_records.py ../shared/data"}
    about = {name: record[name] for name in ("data", "fitted_to", "without_outline")} | facts | machine_facts()
    write_text(folder / f"{network}.json", json.dumps(about, indent=2) + "\n", over=True)
    into_card(network, record)
    print(network, json.dumps(record["measured"]), flush=True)


def into_card(network: str, record: dict[str, Any]) -> None:
    path = samples_root() / "weights" / f"{network}.json"
    card = json.loads(path.read_text(encoding="utf-8"))
    compact = {name: card.pop(name) for name in ("domain",) if name in card} | {"track record": record}
    card.pop("track record", None)
    lines = [f"  {json.dumps(name)}: {json.dumps(value, separators=(',', ':'))}" for name, value in compact.items()]
    write_text(path, json.dumps(card, indent=2)[:-2] + ",\n" + ",\n".join(lines) + "\n}\n", over=True)


if __name__ == "__main__":
    main()
