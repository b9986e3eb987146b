"""How often an image of another kind is said to be far from what a bundled network has learned from.

    python benchmarks/domains.py ../shared/data           # the table of benchmarks/README.md
    python benchmarks/domains.py ../shared/data --write   # and the colours into the cards of data_samples/weights

Each row is a network's training images, each column other images, none of which it has learned from: the share of them that
gets the warning.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from banet_edu import load_samples, open_dataset
from banet_edu.data.domain import distance, domain_of
from banet_edu.data.sample import Sample
from banet_edu.paths import samples_root
from banet_edu.storage import write_text

KINDS = {"dermoscopy": "isic2017", "polyp": "kvasir_seg", "lung": "sz_cxr"}
PHANTOMS = ("dermoscopy", "polyp", "lung")


def images(samples: Sequence[Sample]) -> list[Any]:
    return [sample.image for sample in samples]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("root", type=Path, help="the folder that holds isic2017, kvasir_seg and sz_cxr")
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    sets = {kind: open_dataset(name, given.root / name) for kind, name in KINDS.items()}
    domains = {kind: domain_of(images(dataset.part("train"))) for kind, dataset in sets.items()}
    domains["phantom"] = domain_of([image for kind in PHANTOMS for image in images(load_samples(kind, "train"))])
    seen = {f"{name} (test part)": images(sets[kind].part("test")) for kind, name in KINDS.items()}
    for name, every in (("ph2", 1), ("cvc_colondb", 5)):
        if (given.root / name).is_dir():
            seen[name] = images(open_dataset(name, given.root / name)[::every])
    seen |= {f"phantoms, {kind}": images(load_samples(kind, "test")) for kind in PHANTOMS}

    print("| learned from | far is beyond | " + " | ".join(seen) + " |\n" + "|---" * (len(seen) + 2) + "|")
    for kind, domain in domains.items():
        assert domain is not None
        shares = [
            sum(distance(image, domain) > domain["far"] for image in found) / len(found) for found in seen.values()
        ]
        print(f"| {kind} | {domain['far']:.2f} | " + " | ".join(f"{share:.0%}" for share in shares) + " |")
    if given.write:
        for path in sorted((samples_root() / "weights").glob("*.json")):
            card = json.loads(path.read_text(encoding="utf-8"))
            card["domain"] = domains[path.stem.rpartition("-")[2]]
            text = json.dumps({name: value for name, value in card.items() if name != "domain"}, indent=2)
            compact = json.dumps(card["domain"], separators=(",", ":"))
            write_text(path, text[:-2] + f',\n  "domain": {compact}\n}}\n', over=True)


if __name__ == "__main__":
    main()
