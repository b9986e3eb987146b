"""What a block of BA-Net is worth to training: the network with and without it, on the same images, budget and seeds.

Switching a block off in a trained network (`banet_edu.explain`) asks what THAT network leans on. Here every variant learns
from its own start without the block, so that the others can make up for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from torch import nn

from banet_edu.config import TrainConfig
from banet_edu.networks.registry import create_model, has_encoder, model_names
from banet_edu.storage import write_table
from banet_edu.study.compare import Callbacks, Part, compare
from banet_edu.study.processes import check_one_process
from banet_edu.study.result import CompareResult
from banet_edu.study.statistics import paired_wilcoxon, summarise

if TYPE_CHECKING:
    import pandas as pd

FULL = "banet"
# What each variant changes in BA-Net (docs/method.md: `full` has the release's two windows per stage).
BLOCKS: dict[str, dict[str, Any]] = {
    "no-pee": {"pee": False},
    "no-attention": {"interactive_attention": False},
    "no-edge-task": {"edge_task": False},
    "no-cff": {"cff": False},
}
KERNELS: dict[str, dict[str, Any]] = {
    "kernels-3-5": {"pee_kernels": (3, 5)},
    "kernels-5-7": {"pee_kernels": (5, 7)},
    "kernels-3-5-7": {"pee_kernels": (3, 5, 7)},  # [blog]
}
VARIANTS: dict[str, dict[str, Any]] = {FULL: {}, **BLOCKS, **KERNELS}

Overrides = Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class AblationResult:
    """The outcome of `ablate`.

    `compared`: per-image table, facts, histories and networks (`CompareResult`). `summary`: one row per variant, class and
    figure, see `summarise_variants`. `seeds`: one row per variant, seed, class and figure, see `seed_differences`.
    """

    compared: CompareResult
    summary: pd.DataFrame
    seeds: pd.DataFrame

    @classmethod
    def from_compared(cls, compared: CompareResult) -> AblationResult:
        figures = ablation_figures(compared.table)
        return cls(compared, summarise_variants(compared.table, figures), seed_differences(compared.table, figures))

    def save(self, folder: str | Path) -> None:
        """Write `ablation.csv` (the summary) and `seeds.csv` beside the files of the comparison."""
        self.compared.save(folder)
        write_table(Path(folder) / "ablation.csv", self.summary)
        write_table(Path(folder) / "seeds.csv", self.seeds)


def ablate(
    dataset: Mapping[str, Part] | tuple[Part, Part, Part],
    variants: Sequence[str] | Mapping[str, Overrides] = tuple(VARIANTS),
    config: TrainConfig | None = None,
    seeds: Sequence[int] = (0, 1),
    *,
    run_dir: str | Path,
    preset: str = "lite",
    num_classes: int = 2,
    input_size: int | None = None,
    pretrained: bool | str | Path = False,
    name: str = "data set",
    split_seed: int | None = None,
    callbacks: Callbacks = (),
    resume: bool = True,
) -> AblationResult:
    """Train BA-Net in several variants under one budget, and measure each against the first.

    Args:
        dataset, config, seeds, name, split_seed, callbacks, resume: as for `compare`.
        variants: names of `VARIANTS` (or of other networks: unet, unet_same_encoder), or your own, name -> overrides of
            BA-Net. The others are measured against the first.
        run_dir: one folder `VARIANT-seedK` per training, finished or half-finished ones are resumed; and `ablation.csv`,
            `seeds.csv` beside the tables of `compare`.
        preset, num_classes, input_size, pretrained: as for `create_model`; networks without a ResNet start at random.

    Raises:
        ValueError: an unknown variant or override, fewer than two variants, or what `compare` refuses.

    >>> result = ablate((train, val, test), ["banet", "no-pee"], run_dir="runs/pee")       # doctest: +SKIP
    >>> result.summary[["variant", "metric", "difference", "low", "high", "p_value"]]      # doctest: +SKIP
    """
    check_one_process("ablate")
    builders = variant_builders(variants, preset, num_classes, input_size, pretrained)
    compared = compare(
        builders,
        dataset,
        config,
        seeds,
        run_dir=run_dir,
        preset=preset,
        name=name,
        split_seed=split_seed,
        callbacks=callbacks,
        resume=resume,
    )
    result = AblationResult.from_compared(compared)
    result.save(run_dir)
    return result


def variant_builders(
    variants: Sequence[str] | Mapping[str, Overrides],
    preset: str,
    num_classes: int = 2,
    input_size: int | None = None,
    pretrained: bool | str | Path = False,
) -> dict[str, Callable[[], nn.Module]]:
    """Name -> function that builds the network, as `compare` takes them."""
    builders: dict[str, Callable[[], nn.Module]] = {}
    for name in variants:
        network, overrides = FULL, variants[name] if isinstance(variants, Mapping) else VARIANTS.get(name)
        if overrides is None:
            if name not in model_names():
                known = ", ".join([*VARIANTS, *(other for other in model_names() if other != FULL)])
                raise ValueError(f"unknown variant {name!r}; known: {known}")
            network, overrides = name, {}
        start = pretrained if has_encoder(network) else False
        builders[name] = partial(
            create_model, network, preset, num_classes, input_size=input_size, pretrained=start, **overrides
        )
    if len(builders) < 2:
        raise ValueError(f"an ablation needs two variants or more, got {list(builders)}")
    return builders


def ablation_figures(table: pd.DataFrame) -> list[str]:
    """The columns an ablation is read by: overlap, mean boundary distance, share of the boundary within tolerance."""
    assd = "assd_mm" if "assd_mm" in table.columns else "assd_pct"
    return ["JA", assd, *(column for column in table.columns if column.startswith("nsd_at_"))]


def summarise_variants(table: pd.DataFrame, figures: Sequence[str]) -> pd.DataFrame:
    """One row per variant, class and figure, from the per-image table of a comparison.

    Columns: variant, class, metric; `mean` over seeds and images with its 95 % bootstrap interval over images, `mean_low`
    to `mean_high`; `difference` from the first variant, paired image by image, with its interval `low` to `high`,
    Wilcoxon's `p_value` and a `note`; `n_images` in pairs; `n_missed`; `seeds`; `seed_sd`, the standard deviation of
    the seeds' means (nan with one seed). The intervals cover the choice of test images, not that of the seed.
    """
    import pandas as pd

    variants, rows = list(table["model"].unique()), []
    for label, group in table.groupby("class", sort=False):
        means = summarise(group, figures).set_index(["model", "metric"])
        by_seed = group.groupby(["model", "seed"], sort=False)[list(figures)].mean()
        for variant in variants:
            for figure in figures:
                own, spread = means.loc[(variant, figure)], by_seed.loc[variant][figure]
                paired: dict[str, Any] = {}
                if variant != variants[0]:
                    paired = asdict(paired_wilcoxon(group, figure, variant, variants[0]))
                rows.append(
                    {
                        "variant": variant,
                        "class": label,
                        "metric": figure,
                        "mean": own["mean"],
                        "mean_low": own["low"],
                        "mean_high": own["high"],
                        "difference": paired.get("mean_difference"),
                        **{key: paired.get(key) for key in ("low", "high", "p_value", "note")},
                        "n_images": paired.get("n_pairs", own["n_images"]),
                        "n_missed": own["n_missed"],
                        "seeds": len(spread),
                        "seed_sd": spread.std(ddof=1),
                    }
                )
    return pd.DataFrame(rows)


def seed_differences(table: pd.DataFrame, figures: Sequence[str]) -> pd.DataFrame:
    """One row per variant, seed, class and figure: the mean and its difference from the first variant with that seed.

    The difference is taken over images for which both have a value. For the first variant itself it is the seed's mean
    minus the mean of all its seeds: how far a figure moves when nothing but the seed changes.
    """
    import pandas as pd

    first, rows = table["model"].iloc[0], []
    for label, group in table.groupby("class", sort=False):
        for figure in figures:
            wide = group.pivot(index="name", columns=["model", "seed"], values=figure)
            overall = wide[first].mean().mean()
            for variant, seed in map(tuple, wide.columns):
                values = wide[variant, seed]
                if variant == first:
                    difference = values.mean() - overall
                elif (first, seed) in wide.columns:
                    difference = (values - wide[first, seed]).mean()
                else:
                    difference = float("nan")
                rows.append(
                    {
                        "variant": variant,
                        "seed": seed,
                        "class": label,
                        "metric": figure,
                        "mean": values.mean(),
                        "difference": difference,
                    }
                )
    return pd.DataFrame(rows)
