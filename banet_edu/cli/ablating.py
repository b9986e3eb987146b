"""`banet-edu ablate`: BA-Net with and without its blocks, on one data set or on phantoms, under one budget."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from banet_edu.cli.comparing import parse_list, parse_seeds
from banet_edu.cli.console import out, show_left_out
from banet_edu.cli.options import AnyDataOptions, spread
from banet_edu.cli.outcome import may_write_results, progress_bars
from banet_edu.cli.recipe import TrainingOptions

if TYPE_CHECKING:
    import pandas as pd

EPILOG = (
    "Example: [bold]banet-edu ablate --kind all --steps 300 --seeds 0,1[/] on phantoms; with a data set: "
    "[bold]banet-edu ablate --format isic2017 --root ISIC-2017[/]. What was stopped goes on with the same command."
)


@spread
def run_ablation(
    variants: Annotated[
        str | None,
        typer.Option(
            "--variants",
            help="Names with commas between; the others are measured against the first. Default: banet, no-pee, "
            "no-attention, no-edge-task, no-cff, kernels-3-5, kernels-5-7, kernels-3-5-7. "
            "Also: any other network of `banet-edu models`.",
        ),
    ] = None,
    seeds: Annotated[str, typer.Option("--seed", "--seeds", help="One, or several with commas between.")] = "0,1",
    folder: Annotated[
        Path | None, typer.Option("--out", help="Run directory. Default: runs/DATA-PRESET-ablation.")
    ] = None,
    *,
    data: AnyDataOptions,
    training: TrainingOptions,
) -> None:
    """Train BA-Net with and without each of its blocks, and with other windows, on the same images with the same budget."""
    from banet_edu.figures.study import ablation_figure
    from banet_edu.figures.style import png_bytes
    from banet_edu.networks.registry import model_names
    from banet_edu.storage import may_write, write_bytes
    from banet_edu.study.ablate import FULL, VARIANTS, ablate
    from banet_edu.study.processes import check_one_process

    check_one_process("ablate")
    data.check()
    run_dir = folder or Path("runs") / f"{data.name}-{training.label}-ablation"
    may_write_results(run_dir, "ablation.csv", "seeds.csv")
    names = parse_list(variants) if variants is not None else list(VARIANTS)
    networks = dict.fromkeys(
        FULL if name in VARIANTS else name for name in names if name in (*VARIANTS, *model_names())
    )
    training.check_weights([*networks])
    parts, about = open_parts(data)
    several = about.get("num_classes", 2) > 2
    drawn = [
        run_dir / (f"ablation-class{k}.png" if several else "ablation.png")
        for k in range(1, about.get("num_classes", 2))
    ]
    may_write(*drawn)
    config = training.config(len(parts["train"]), upright=about.pop("upright"))
    training.announce(config, [*networks])
    result = ablate(
        parts,
        names,
        config,
        parse_seeds(seeds),
        run_dir=run_dir,
        preset=training.preset,
        input_size=training.size,
        pretrained=training.weights,
        callbacks=progress_bars,
        resume=not training.restart,
        **about,
    )
    for picture, (label, summary) in zip(drawn, result.summary.groupby("class", sort=False), strict=True):
        named = f"{label}: " if several else ""
        for metric in summary["metric"].unique()[:2]:
            out.print(variant_table(summary[summary["metric"] == metric], f"{named}{metric}"))
        figure = ablation_figure(
            summary, result.seeds[result.seeds["class"] == label], title=f"{data.name}: {named}ablation"
        )
        write_bytes(picture, png_bytes(figure))
    out.print("Intervals: 95 %, over test images; they do not cover the choice of seed or split.", style="dim")
    files = ", ".join(["ablation.csv", "seeds.csv", "per_image.csv", *(picture.name for picture in drawn)])
    out.print(f"Tables and figures: {files} in {run_dir}", soft_wrap=True, markup=False)


def open_parts(data: AnyDataOptions) -> tuple[dict[str, Sequence[Any]], dict[str, Any]]:
    """The three parts, and what `ablate` is told about them (and whether the images always stand upright)."""
    if data.kind is not None:
        from banet_edu.phantoms.endless import painted_parts

        upright = data.kinds == ["lung"]
        return painted_parts(data.kinds, data.painted), {"name": data.name, "upright": upright}
    dataset = data.open()
    if "dims" in dataset.network:
        raise ValueError(f"{data.root} holds volumes; ablations are of images: compare trains networks of volumes")
    show_left_out(dataset)
    parts = {part: dataset.part(part, data.split_seed) for part in ("train", "val", "test")}
    return dict(parts), {
        "name": data.name,
        "split_seed": data.split_seed,
        "num_classes": dataset.num_classes,
        "upright": dataset.upright,
    }


def variant_table(rows: pd.DataFrame, title: str) -> Table:
    """One figure of every variant: its mean, the difference from the first with interval and p, the spread of seeds."""
    from banet_edu.study.result import p_in_words

    table = Table(title=escape(title), title_justify="left", box=SIMPLE_HEAD)
    for column in ("variant", "mean", "difference", "95 % interval", "p", "sd of seeds", "missed"):
        table.add_column(column, justify="left" if column == "variant" else "right")
    for row in rows.to_dict("records"):
        compared = row["difference"] == row["difference"]  # not nan
        tested = row["p_value"] == row["p_value"]
        table.add_row(
            row["variant"],
            f"{row['mean']:.3f}",
            f"{row['difference']:+.3f}" if compared else "",
            f"{row['low']:+.3f} to {row['high']:+.3f}" if compared else "",
            "" if not compared else p_in_words(row["p_value"]) if tested else "not tested",
            f"{row['seed_sd']:.3f}" if row["seed_sd"] == row["seed_sd"] else "",
            f"{row['n_missed']:.0f}",
        )
    return table
