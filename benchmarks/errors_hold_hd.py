"""Does the first row of `explain.errors` hold HD, and do its areas add up, on every image of the five public sets?

    python benchmarks/errors_hold_hd.py ../shared/data             # all of them: 25 minutes
    python benchmarks/errors_hold_hd.py ../shared/data --every 20  # each twentieth

Ends with 1 where one does not. The networks are the bundled BA-Nets; images where nothing is found, or nothing is there, have
no HD and are counted apart.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from banet_edu import load_model, open_dataset, predict
from banet_edu.explain import errors
from banet_edu.metrics.boundary import boundary_metrics

SETS = {"isic2017": "dermoscopy", "ph2": "dermoscopy", "kvasir_seg": "polyp", "cvc_colondb": "polyp", "sz_cxr": "lung"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("root", type=Path, help="the folder that holds the five sets")
    parser.add_argument("--every", type=int, default=1)
    given = parser.parse_args()
    wrong = []
    for name, kind in SETS.items():
        model, dataset = load_model(f"banet-lite-{kind}"), open_dataset(name, given.root / name)
        held = without = 0
        for k in range(0, len(dataset), given.every):
            sample = dataset[k]
            found, truth = predict(model, sample), np.asarray(sample.mask) > 0
            table = errors(sample, found)
            area = table["area_pct_of_image"].sum() * truth.size / 100
            row = boundary_metrics(found.mask, truth, spacing_mm=None)
            if abs(area - (found.mask ^ truth).sum()) > 0.5:
                wrong.append(f"{name} {sample.name}: areas add up to {area:.1f} pixels")
            if row["status"] != "ok" or row["frame_counted"]:
                without += 1
            elif len(table) and abs(table["largest_pct"].iloc[0] - row["hd_pct"]) > 1e-9:
                wrong.append(f"{name} {sample.name}: {table['largest_pct'].iloc[0]} is not HD, {row['hd_pct']}")
            else:
                held += 1
        print(f"{name}: the first holds HD in {held} images; {without} have no HD", flush=True)
    print("\n".join(wrong) or "none is wrong")
    raise SystemExit(bool(wrong))


if __name__ == "__main__":
    main()
