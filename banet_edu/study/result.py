"""What a comparison found: the tables, their reading in plain words, and the files they go into."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from math import floor, isnan, log10
from pathlib import Path
from typing import TYPE_CHECKING, Any

from torch import nn

from banet_edu.networks.classical import Classical
from banet_edu.storage import write_table, write_text
from banet_edu.study.statistics import PairedTest, paired_wilcoxon, summarise
from banet_edu.training.history import History

if TYPE_CHECKING:
    import pandas as pd

_UNITS = {"mm": "mm", "pct": "% of image diagonal", "px": "px", "ml": "ml"}
_LOWER_IS_BETTER = ("assd", "hd95", "hd")
_SIGNIFICANT = 0.05
FILES = ("per_image.csv", "summary.csv", "paired.csv", "facts.json")  # that `CompareResult.save` writes


def p_in_words(value: float) -> str:
    """A p-value as every table shows it.

    >>> p_in_words(0.0123), p_in_words(0.0004), p_in_words(0.0496)
    ('0.012', '< 0.001', '0.0496')
    """
    if 0.0495 <= value < _SIGNIFICANT:  # 0.050 would look like none
        return f"{int(value * 1e4) / 1e4:.4f}"
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def metric_label(column: str) -> str:
    """The column's name for people, with its unit.

    >>> metric_label("assd_pct"), metric_label("nsd_at_1mm"), metric_label("JA")
    ('ASSD (% of image diagonal)', 'NSD at 1 mm', 'JA')
    """
    if column.startswith("nsd_at_"):
        number = column.removeprefix("nsd_at_").rstrip("mpct")
        return f"NSD at {number} {'mm' if column.endswith('mm') else '% of image diagonal'}"
    name, _, unit = column.rpartition("_")
    if unit not in _UNITS:
        return column
    return f"{name.replace('_', ' ') if name.startswith(('bias', 'volume')) else name.upper()} ({_UNITS[unit]})"


@dataclass(frozen=True, eq=False)
class CompareResult:
    """The outcome of `compare`.

    `table`: one row per model, seed, image (and class). `summary`: one row per model (and class) and metric, with mean,
    `low` and `high` of the 95 % bootstrap interval over images, and counts (see `study.statistics.summarise`).
    `tests`: the first model against each other, paired image by image. `facts`: data, split, budget, seeds, machine.
    `histories`: (model, seed) -> History, of what was trained. `models`: name -> the network of the first seed, or the method.
    """

    table: pd.DataFrame
    summary: pd.DataFrame
    tests: pd.DataFrame
    facts: Mapping[str, Any]
    histories: Mapping[tuple[str, int], History]
    models: Mapping[str, nn.Module | Classical]

    @classmethod
    def from_table(
        cls,
        table: pd.DataFrame,
        facts: Mapping[str, Any] | None = None,
        histories: Mapping[tuple[str, int], History] | None = None,
        models: Mapping[str, nn.Module | Classical] | None = None,
    ) -> CompareResult:
        """Summary and tests from per-image rows as `evaluate` gives them, with a column model (and seed)."""
        import pandas as pd

        metrics = metric_columns(table)
        names, classes = list(table["model"].unique()), list(table["class"].unique())
        summary = summarise(table, metrics, by=["model", "class"])
        tests = [
            {"class": label, **asdict(paired_wilcoxon(table[table["class"] == label], column, names[0], other))}
            for other in names[1:]
            for label in classes
            for column in metrics
            if column in ("JA", "DI") or column.startswith(("assd", "hd95", "nsd"))
        ]
        columns = ["class", *(field.name for field in fields(PairedTest))]  # also where there is no pair to test
        return cls(table, summary, pd.DataFrame(tests, columns=columns), facts or {}, histories or {}, models or {})

    @property
    def metrics(self) -> list[str]:
        """The metric columns in the order they are shown."""
        return metric_columns(self.table)

    def save(self, folder: str | Path) -> None:
        """Write `per_image.csv`, `summary.csv`, `paired.csv` and `facts.json` into `folder`."""
        folder = Path(folder)
        for name, table in zip(FILES, (self.table, self.summary, self.tests), strict=False):
            write_table(folder / name, table)
        write_text(folder / FILES[-1], json.dumps(self.facts, indent=2))

    def cells(self, metrics: Sequence[str] | None = None) -> tuple[list[str], list[list[str]]]:
        """Heading and rows of a table as text, mean [low, high] per metric; by default the headline figures.

        The default table ends with the counts of failures: objects missed, and found where nothing is.
        """
        shown = list(metrics or _headline(self.metrics))
        several = self.table["class"].nunique() > 1
        failures = [] if metrics else ["missed", "found where nothing is"]
        head = ["model", *(["class"] if several else []), *map(metric_label, shown), *failures]
        rows = []
        for (model, label), group in self.summary.groupby(["model", "class"], sort=False):
            by_metric = group.set_index("metric")
            counts = group.iloc[0]
            cases = counts["n"] + counts["n_left_out"]
            rows.append(
                [str(model), *([str(label)] if several else [])]
                + [_interval_text(by_metric.loc[column], column) for column in shown]
                + ([f"{counts['n_missed']} of {cases}", f"{counts['n_hallucinated']} of {cases}"] if failures else [])
            )
        return head, rows

    def to_text(self) -> str:
        """The comparison table for a terminal, with the verdicts below."""
        head, rows = self.cells()
        widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]
        lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in [head, *rows]]
        return "\n".join([line.rstrip() for line in lines] + ["", INTERVAL_NOTE, *self.verdicts()])

    def verdicts(self) -> list[str]:
        """One sentence per paired test of JA and mean boundary distance; whoever is better is named, or nobody."""
        several = self.table["class"].nunique() > 1
        chosen = [
            row for row in self.tests.to_dict("records") if row["column"] == "JA" or row["column"].startswith("assd")
        ]
        return [(f"{row['class']}, " if several else "") + _verdict(row) for row in chosen]


INTERVAL_NOTE = (
    "Mean over test images [95 % bootstrap interval over images; it does not cover the choice of seed or split]."
)


def metric_columns(table: pd.DataFrame) -> list[str]:
    """The columns of overlap and boundary metrics, in mm or in % of the diagonal, not the pixel figures beside them; of
    volumes theirs too."""
    unit = "mm" if "assd_mm" in table.columns else "pct"
    nsd = [column for column in table.columns if column.startswith("nsd_at_")]
    volume = [column for column in ("volume_ml", "volume_off_ml") if column in table.columns]
    return ["JA", "DI", "SE", "SP", "AC", f"assd_{unit}", f"hd95_{unit}", f"hd_{unit}", *nsd, f"bias_{unit}", *volume]


def _headline(metrics: Sequence[str]) -> list[str]:
    return [
        column
        for column in metrics
        if column in ("JA", "DI") or column.startswith(("assd", "hd95", "nsd", "bias", "volume"))
    ]


def decimals(usual: int, *figures: float) -> int:
    """As many as usual; where these would all be shown as 0, two figures of the largest (a microscope's millimetres).

    >>> decimals(2, 0.05, 0.02), decimals(2, 0.0004, 0.0002), decimals(2, 0.0)
    (2, 5, 2)
    """
    largest = max((abs(figure) for figure in figures if not isnan(figure)), default=0.0)
    return usual if largest >= 0.5 * 10**-usual or largest == 0 else 1 - floor(log10(largest))


def _interval_text(row: Any, column: str) -> str:
    mean, low, high = row["mean"], row["low"], row["high"]
    if isnan(mean):
        return "undefined"
    signed = "+" if column.startswith(("bias", "volume_off")) else ""
    usual = 2 if column.startswith(("assd", "hd", "bias")) else 3
    mean, low, high = (f"{figure:{signed}.{decimals(usual, mean, low, high)}f}" for figure in (mean, low, high))
    return mean if isnan(row["low"]) else f"{mean} [{low}, {high}]"


def _verdict(test: Mapping[Any, Any]) -> str:
    a, b, column = test["a"], test["b"], test["column"]
    label, note = metric_label(column), f" ({test['note']})" if test["note"] else ""
    if test["n_pairs"] == 0:
        return f"{label}: {a} and {b} cannot be compared{note}."
    p_value, low, high = test["p_value"], test["low"], test["high"]
    places, images = (
        decimals(3, test["mean_difference"], low, high),
        f"{test['n_pairs']} image{'s' * (test['n_pairs'] != 1)}",
    )
    basis = f"paired Wilcoxon p {'' if p_value < 0.001 else '= '}{p_in_words(p_value)}, {images}"
    # Both must agree before anyone is called better: the test looks at ranks, the interval at the mean.
    if not (p_value < _SIGNIFICANT and low * high > 0):
        interval = "" if isnan(low) else f", 95 % interval {low:+.{places}f} to {high:+.{places}f}"
        mean = f"{a} − {b} is {test['mean_difference']:+.{places}f} on average{interval}"
        if isnan(p_value):  # of a test that was not made nothing is said
            return f"{label}: too few images to test whether {a} and {b} differ: {mean} ({images}){note}."
        split = "; the test and the interval disagree" if p_value < _SIGNIFICANT or low * high > 0 else ""
        return f"{label}: no clear difference between {a} and {b}: {mean} ({basis}{split}){note}."
    lower_wins = column.startswith(_LOWER_IS_BETTER)
    better, worse = (a, b) if (high < 0) == lower_wins else (b, a)
    size, (small, large) = abs(test["mean_difference"]), sorted((abs(low), abs(high)))
    found = f"{size:.{places}f} {'lower' if lower_wins else 'higher'} on average"
    interval = f"95 % interval {small:.{places}f} to {large:.{places}f}"
    return f"{label}: {better} is better than {worse}: {found}, {interval} ({basis}){note}."
