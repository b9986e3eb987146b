"""A comparison as one HTML file: tables, pictures, how they were made and what they do not say. Needs no network."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from banet_edu.data.volume import Volume
from banet_edu.figures.contour import contour_figure
from banet_edu.figures.seeds import training_figure
from banet_edu.figures.study import cases_figure, overview_figure, pick_cases
from banet_edu.prediction import predict
from banet_edu.reports.page import Aside, Picture, Piece, Table, write_page
from banet_edu.study.result import INTERVAL_NOTE, CompareResult, metric_label, p_in_words

# SPEC section 4: JA in %, as reported for the study. Facts to stand beside ours, never as ours. The article states BA-Net's
# figure and how far the other network lies below it (4.5, 2.6, 5.9); the other's figure is derived, as `said_reported` says.
REPORTED: dict[str, tuple[str, dict[str, float]]] = {
    "isic2017": ("ISIC-2017", {"BA-Net": 81.0, "U-Net": 76.5}),
    "kvasir_seg": ("Kvasir-SEG", {"BA-Net": 86.1, "CE-Net": 83.5}),
    "sz_cxr": ("SZ-CXR", {"BA-Net": 92.8, "FCN": 86.9}),
}
_GLOSSARY = (
    "JA and DI: overlap with the expert's mask (1 is perfect). ASSD: mean distance between the two boundaries. HD95 and "
    "HD: 95th percentile and maximum of that distance, the larger of both directions. NSD: share of both boundaries "
    "that lies within the tolerance of the other. Bias: mean signed distance, above 0 where contours lie outside the "
    "reference. SE, SP, AC: sensitivity, specificity, accuracy of pixels. Every image is measured at the size of its own "
    "mask. A missed object counts with JA and DI 0; it has no boundary distance, so it is left out of those means and "
    "counted beside."
)


def write_report(
    result: CompareResult,
    test: Sequence[Any],
    path: str | Path,
    *,
    title: str | None = None,
    pictures: Sequence[Picture] | None = None,
) -> Path:
    """Write the report of a comparison to `path` and return it.

    `test` are the samples that were measured; the pictures come from them (`report_pictures`, or give your own).
    The file holds everything it shows: pictures are embedded, nothing is loaded from elsewhere.

    Raises ValueError for a result without the facts of its run.
    """
    if "training" not in result.facts:
        raise ValueError("a report tells how its figures were made: give the result its run's facts (facts.json)")
    data = str(result.facts.get("data", "data set"))
    names = list(dict.fromkeys(result.table["model"]))
    others = [column for column in result.metrics if column in ("SE", "SP", "AC") or column.startswith("hd_")]
    sections: dict[str, Sequence[Piece]] = {
        "In short": [result.verdicts() or ["One model: nothing to compare it with."]],
        "The figures": [
            Table(*result.cells(), INTERVAL_NOTE),
            Table(*result.cells(others), "Further figures, in the same form."),
            _GLOSSARY,
        ],
        "What was missed": [_failures(result)],
        "Pictures": [*(report_pictures(result, test) if pictures is None else pictures), *_not_shown(result, test)],
        "Paired tests": [_paired(result), *_reported(data)],
        "How these figures were made": [_facts(result.facts, test), *_runs(result)],
        "Limits": [_limits(result)],
    }
    footer = f"Written by banet-edu {result.facts.get('machine', {}).get('banet_edu', '')}."
    return write_page(path, title or f"{', '.join(names)} on {data}", _lead(result), sections, footer)


def report_pictures(result: CompareResult, test: Sequence[Any]) -> Iterator[Picture]:
    """The figures of a comparison: every image's results, best to worst cases, one signed error, training curves."""
    names = list(dict.fromkeys(result.table["model"]))
    boundary = next(column for column in result.metrics if column.startswith("assd"))
    yield Picture(
        overview_figure(result.table, result.summary, ["JA", boundary]),
        f"Every test image: JA, and {metric_label(boundary)}. Undefined distances of missed objects are not drawn.",
        "Strips of dots, one per test image, with mean and interval of each model: " + _means(result, boundary),
    )
    if result.models and not _not_shown(result, test):
        several = result.table["class"].nunique() > 1
        by_name = {sample.name: sample for sample in (test[i] for i in range(len(test)))}
        cases = {label: by_name[name] for label, name in pick_cases(result.table).items()}
        found = {
            model: {label: predict(network, sample) for label, sample in cases.items()}
            for model, network in result.models.items()
        }
        said = ", ".join(f"{label} ({sample.name})" for label, sample in cases.items())
        yield Picture(
            cases_figure(cases, found),
            "Best, median and worst test image by the mean JA of all models"
            f"{' and classes' * several}: no model chose its own examples.",
            f"Contours of {', '.join(names)} and the expert's on the test images that are {said}.",
        )
        first, sample = names[0], cases["median"]
        assert sample.mask is not None
        yield Picture(
            contour_figure(sample.image, found[first]["median"], sample.mask > 0, title=f"{first}, the median case"),
            f"Where {first} is off on the median case{', all classes taken together' * several}: blue inside the expert's "
            "contour, orange to brown outside.",
            f"The contour of {first} on {sample.name}, coloured by its signed distance to the expert's.",
        )
    if result.histories:
        several = len(result.facts["seeds"]) > 1
        histories = {f"{m}, seed {s}" if several else m: history for (m, s), history in result.histories.items()}
        yield Picture(
            training_figure(histories),
            "Training, measured on the validation part at the network's size. Losses of networks with side outputs "
            "sum more terms: only their course compares.",
            "Curves of training loss, validation JA and validation boundary error over optimiser steps.",
        )


def _not_shown(result: CompareResult, test: Sequence[Any]) -> list[str]:
    """Why no cases are drawn, where none are."""
    if result.table["JA"].isna().all():
        return ["Nothing is outlined in any test image, and nothing was found: there are no cases to show."]
    if not (len(test) and isinstance(test[0], Volume)):
        return []
    return [
        "The cases are volumes: no outlines are drawn here. banet-edu predict writes the labels as NIfTI, which any viewer "
        "lays over the image."
    ]


def _lead(result: CompareResult) -> str:
    facts = result.facts
    models = list(dict.fromkeys(result.table["model"]))
    parts = f"{facts['train_images']} training, {facts['val_images']} validation and {facts['test_images']} test images"
    steps, seeds = facts["training"]["steps"], facts["seeds"]
    said = f"{len(seeds)} seeds" if len(seeds) > 1 else f"seed {seeds[0]}"
    untrained = facts.get("untrained", [])
    trained = [model for model in models if model not in untrained]
    if not trained:
        return f"{', '.join(models)}: methods that learn nothing, measured on {facts['test_images']} test images."
    lead = f"{', '.join(trained)} ({facts['preset']}), trained alike: {parts}, {steps} optimiser steps each, {said}."
    return lead + (f" {', '.join(untrained)}: no training, measured on the same test images." if untrained else "")


def _means(result: CompareResult, boundary: str) -> str:
    rows = result.summary[result.summary["metric"].isin(["JA", boundary])]
    several = rows["class"].nunique() > 1
    return "; ".join(
        f"{row['model']}{', ' + row['class'] if several else ''} {metric_label(row['metric'])} {row['mean']:.3f}"
        for row in rows.to_dict("records")
    )


def _failures(result: CompareResult) -> list[str]:
    """One line per model (and class): which test images it missed or found something in where nothing is."""
    lines = []
    several = result.table["class"].nunique() > 1
    for (model, label), rows in result.table.groupby(["model", "class"], sort=False):
        words = {"missed": "missed the object in", "hallucinated": "found an object where none is in"}
        if several:
            words = {"missed": f"missed {label} in", "hallucinated": f"found {label} where none is in"}
        for status, said in words.items():
            cases = list(dict.fromkeys(rows.loc[rows["status"] == status, "name"]))
            if cases:
                shown = ", ".join(cases[:20]) + (f" and {len(cases) - 20} more" if len(cases) > 20 else "")
                lines.append(f"{model} {said} {len(cases)} test image{'s' * (len(cases) > 1)}: {shown}.")
    right = result.table[result.table["status"] == "both_empty"]
    for label, rows in right.groupby("class", sort=False):
        what, found = (f"no {label!s}", "none") if several else ("nothing", "nothing")
        empty = rows["name"].nunique()
        lines.append(
            f"{empty} test image(s) hold {what}, and at least one model found {found} there: right, but no figure."
        )
    return lines or [
        "No model left an object without any outline, and none outlined something where nothing is. How well the outlines "
        "fit is another question: see the tables."
    ]


def _limits(result: CompareResult) -> list[str]:
    seeds = len(result.facts["seeds"])
    trained = set(result.table["model"]) - set(result.facts.get("untrained", []))
    seed_words = "One seed: another may change the order of models." if seeds == 1 else f"Only {seeds} seeds."
    of_training = (
        f"{seed_words} Figures of several seeds are averaged per image before they are resampled or tested.",
        "A short training budget, equal for all, favours networks that learn fast; it does not show what each can reach.",
    )
    lines = [
        "Intervals and tests speak of images like these, from this data set and split. Another hospital, camera or expert "
        "is another question.",
        *(of_training if trained else ()),
        "The p-values are not corrected for the number of tests, and a small p-value does not make a difference large.",
    ]
    if not any(column.endswith("_mm") for column in result.metrics):
        lines.append(
            "No pixel spacing is known, so there are no millimetres: distances are in % of the image diagonal."
        )
    return lines


def said_reported(figures: Mapping[str, float]) -> str:
    """The study's figures of one data set, in a sentence, the derived ones marked."""
    return ", ".join(
        f"{model} {value:.1f} %{'' if model == 'BA-Net' else ' (derived)'}" for model, value in figures.items()
    )


def _reported(data: str) -> list[Aside]:
    if data not in REPORTED:
        return []
    name, figures = REPORTED[data]
    text = (
        f"Mean JA on {name} as reported for the BA-Net study (Wang et al., Medical Image Analysis 2022): "
        f"{said_reported(figures)} (derived: BA-Net's figure less the lead that is reported). The study's settings (ResNet-50 "
        "pretrained on ImageNet, 150 epochs, its own split) are not this run's: the two do not compare directly."
    )
    return [Aside("Reported by the study", "Reported by the study, not by this run", text)]


def _facts(facts: Mapping[str, Any], test: Sequence[Any]) -> dict[str, str]:
    training, machine = facts["training"], facts["machine"]
    split = "as given" if facts["split_seed"] is None else f"split seed {facts['split_seed']}"
    entries = {
        "Data": f"{facts['data']}: {facts['train_images']} train, {facts['val_images']} validation, "
        f"{facts['test_images']} test images ({split}); the best epoch is chosen on validation, test is only measured",
        "Budget": f"{training['steps']} steps of batch {training['batch_size']}, {training['optimizer']}, learning rate "
        f"{training['learning_rate']:g}, schedule {training['schedule']}, augmentation {training['augment']}",
        "Seeds": ", ".join(map(str, facts["seeds"])),
        "Machine": f"{machine['system']}, {machine['cores']} cores, GPU: {machine['gpu'] or 'none'}",
        "Versions": f"banet-edu {machine['banet_edu']}, torch {machine['torch']}, Python {machine['python']}",
    }
    if problems := list(getattr(test, "problems", ())):
        entries["Left out"] = f"{len(problems)} bad file(s): " + "; ".join(map(str, problems[:20]))
    return entries


def _runs(result: CompareResult) -> list[Table]:
    if not result.histories:
        return []
    rows = []
    for (model, seed), history in result.histories.items():
        seconds = result.facts["seconds"][f"{model}-seed{seed}"]
        parameters = f"{result.facts['parameters'][model]:,}".replace(",", " ")
        best = f"epoch {history.best['epoch']} of {len(history)}" if len(history) else ""
        rows.append([model, str(seed), parameters, f"{seconds:.0f} s", best])
    return [Table(["model", "seed", "parameters", "training time", "weights kept"], rows, "The training runs.")]


def _paired(result: CompareResult) -> Table | str:
    if result.tests.empty:
        return "One model: nothing to pair it with."
    several = result.table["class"].nunique() > 1
    rows = []
    for row in result.tests.to_dict("records"):
        p_value = row["p_value"]
        tested = "no test" if p_value != p_value else p_in_words(p_value)
        interval = "" if row["low"] != row["low"] else f" [{row['low']:+.3f}, {row['high']:+.3f}]"
        pair = f"{row['a']} − {row['b']}" + (f" ({row['class']})" if several else "")
        difference = f"{row['mean_difference']:+.3f}{interval}" if row["n_pairs"] else "undefined"
        rows.append([metric_label(row["column"]), pair, difference, tested, str(row["n_pairs"]), row["note"]])
    caption = "Mean difference per image [95 % bootstrap interval over images]; two-sided Wilcoxon signed-rank test."
    return Table(["figure", "difference", "mean", "p", "images", "note"], rows, caption)
