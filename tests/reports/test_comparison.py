"""The report: one file that needs nothing else, says who won, what was missed, and lets no name become markup."""

from __future__ import annotations

import re

import numpy as np
import pytest
from html_page import EVIL, Page
from known_model import Brightness, disc, disc_sample

from banet_edu.config import TrainConfig
from banet_edu.data.sample import Sample
from banet_edu.reports.comparison import REPORTED, write_report
from banet_edu.study.compare import evaluate
from banet_edu.study.machine import machine_facts
from banet_edu.study.result import CompareResult


def make_result(data: str = "discs", *, evil: bool = False) -> tuple[CompareResult, list[Sample]]:
    """A generous model, named first, and an exact one on discs; the last image has an object that both miss."""
    import pandas as pd

    test = [disc_sample(f"case{k}", 10 + k) for k in range(8)]
    dark = Sample(disc(64, 64, 10, (32, 32)) // 4, test[0].mask, EVIL if evil else "dark", (0.5, 0.5))
    test.append(dark)
    models = {"generous": Brightness(threshold=0.3), "exact": Brightness()}
    for sample in test[:-1]:  # a soft rim, so that the two thresholds give two masks
        sample.image[:] = (
            (sample.image.astype(float) + disc(64, 64, 30, (31.5, 31.5)) * 0.4).clip(0, 255).astype(np.uint8)
        )
    tables = [evaluate(model, test).assign(model=name, seed=0) for name, model in models.items()]
    facts = {
        "data": data, "train_images": 5, "val_images": 2, "test_images": len(test), "split_seed": 0, "seeds": [0],
        "preset": "nano", "training": TrainConfig(steps=7).to_dict(), "parameters": {}, "seconds": {},
        "machine": machine_facts(),
    }  # fmt: skip
    return CompareResult.from_table(pd.concat(tables, ignore_index=True), facts, {}, models), test


@pytest.fixture(scope="module")
def page(tmp_path_factory) -> tuple[Page, str, CompareResult]:
    result, test = make_result()
    path = write_report(result, test, tmp_path_factory.mktemp("report") / "sub" / "report.html")
    source = path.read_text(encoding="utf-8")
    return Page(source), source, result


def test_the_file_holds_everything_it_shows(page) -> None:
    parsed, source, _ = page
    assert parsed.open == []
    assert not [tag for tag, _ in parsed.tags if tag in ("script", "link", "iframe", "object")]
    assert all(
        attributes["src"].startswith("data:image/png;base64,") for tag, attributes in parsed.tags if tag == "img"
    )
    assert not re.search(r"https?://|url\(|@import", source)


def test_every_picture_has_a_text_and_every_table_a_caption_and_headings(page) -> None:
    parsed, source, _ = page
    pictures = [attributes for tag, attributes in parsed.tags if tag == "img"]
    assert len(pictures) == 3  # no training curves: nothing was trained here
    assert all(len(attributes["alt"]) > 20 for attributes in pictures)
    tags = [tag for tag, _ in parsed.tags]
    assert tags.count("table") == tags.count("caption") == tags.count("thead") == 3
    assert all(attributes["scope"] in ("col", "row") for tag, attributes in parsed.tags if tag == "th")
    assert '<html lang="en">' in source


def test_the_winner_is_named_even_when_it_is_not_the_first_model(page) -> None:
    parsed, _, result = page
    assert "JA: exact is better than generous" in parsed.text
    for verdict in result.verdicts():
        assert verdict in parsed.text


def test_missed_cases_limits_and_purpose_are_stated(page) -> None:
    text = page[0].text
    assert "generous missed the object in 1 test image: dark." in text
    assert "exact missed the object in 1 test image: dark." in text
    assert "Not a medical device." in text
    assert "One seed: another may change the order of models." in text
    assert "bootstrap interval over images" in text
    assert "5 train, 2 validation, 9 test images (split seed 0)" in text
    assert "7 steps of batch 8" in text


def test_every_mean_of_the_summary_is_in_the_tables(page) -> None:
    parsed, _, result = page
    for row in result.summary.itertuples():
        digits = 2 if row.metric.startswith(("assd", "hd", "bias")) else 3
        assert f"{row.mean:.{digits}f}" in parsed.text, row


def test_names_cannot_become_markup(tmp_path) -> None:
    result, test = make_result(data='<img src=x onerror="alert(1)">', evil=True)
    source = write_report(result, test, tmp_path / "report.html", title="<b>title</b>").read_text(encoding="utf-8")
    parsed = Page(source)
    assert not [tag for tag, _ in parsed.tags if tag in ("script", "b")]
    assert not [attributes for tag, attributes in parsed.tags if "onerror" in attributes]
    assert EVIL in parsed.text


@pytest.mark.parametrize("data", sorted(REPORTED))
def test_the_studys_figures_stand_apart_and_only_for_its_own_data_sets(data: str, tmp_path, page) -> None:
    result, test = make_result(data)
    source = write_report(result, test, tmp_path / "report.html", pictures=[]).read_text(encoding="utf-8")
    [aside] = re.findall(r'<section class="aside".*?</section>', source, flags=re.DOTALL)
    assert "Reported by the study, not by this run" in aside
    for model, value in REPORTED[data][1].items():
        assert f"{model} {value:.1f} %" in aside
        assert (f"{model} {value:.1f} % (derived)" in aside) == (model != "BA-Net")
    assert "Reported by the study" not in page[1]


def test_left_out_files_of_the_data_set_are_named(tmp_path) -> None:
    result, test = make_result()

    class Opened(list):
        problems = ["broken.png: is damaged"]  # noqa: RUF012 - as Dataset.problems

    source = write_report(result, Opened(test), tmp_path / "report.html", pictures=[]).read_text(encoding="utf-8")
    assert "1 bad file(s): broken.png: is damaged" in source


def test_where_nothing_is_outlined_the_report_is_written_without_cases(tmp_path) -> None:
    import pandas as pd

    result, test = make_result()
    nothing = [Sample(sample.image * 0, sample.mask & False, sample.name, (0.5, 0.5)) for sample in test]
    tables = [evaluate(model, nothing).assign(model=name, seed=0) for name, model in result.models.items()]
    empty = CompareResult.from_table(pd.concat(tables, ignore_index=True), result.facts, {}, result.models)
    assert set(empty.table["status"]) == {"both_empty"}
    page = Page(write_report(empty, nothing, tmp_path / "empty.html").read_text(encoding="utf-8"))
    assert "Nothing is outlined in any test image, and nothing was found: there are no cases to show." in page.text


def test_methods_that_learn_nothing_are_not_said_to_be_trained(tmp_path) -> None:
    result, test = make_result()
    untrained = CompareResult.from_table(result.table, {**result.facts, "untrained": ["generous", "exact"]})
    page = Page(write_report(untrained, test, tmp_path / "methods.html").read_text(encoding="utf-8"))
    assert "generous, exact: methods that learn nothing, measured on 9 test images." in page.text
    assert "trained alike" not in page.text and "training budget" not in page.text


def test_a_result_without_facts_is_refused_in_words(tmp_path) -> None:
    result, test = make_result()
    with pytest.raises(ValueError, match="tells how its figures were made"):
        write_report(CompareResult.from_table(result.table), test, tmp_path / "no.html")
