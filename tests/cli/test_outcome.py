"""What `compare` prints when networks are many, and which names it takes."""

from __future__ import annotations

import pandas as pd
import pytest
from rich.console import Console

from banet_edu.cli.comparing import parse_models
from banet_edu.cli.outcome import result_tables
from banet_edu.study.result import CompareResult

NAMES = ["banet", "unet", "unet_same_encoder", "fcn", "deeplabv3", "cenet", "attention_unet", "region_growing"]


def result(names):
    metrics = ("JA", "DI", "SE", "SP", "AC", "assd_pct", "hd95_pct", "hd_pct", "nsd_at_1pct", "bias_pct")
    rows = [
        {"model": name, "seed": 0, "name": f"i{k}", "class": "lesion", "status": "ok"}
        | dict.fromkeys(metrics, 0.5 + k / 20)
        for name in names
        for k in range(8)
    ]
    return CompareResult.from_table(pd.DataFrame(rows), {"data": "discs"})


@pytest.mark.parametrize("width", [80, 120, 200])
def test_no_name_and_no_figure_is_cut_whatever_the_number_of_networks(width):
    console = Console(width=width)
    with console.capture() as caught:
        for table in result_tables(result(NAMES), 8, width):
            console.print(table)
    printed = caught.get()
    assert "…" not in printed
    assert all(f" {name}" in printed for name in NAMES)
    assert printed.count("discs: 8 test images") == 1


def test_two_networks_stand_in_one_table():
    assert len(result_tables(result(NAMES[:2]), 8, 80)) == 1
    assert [len(table.columns) for table in result_tables(result(NAMES[:4]), 8, 80)] == [3, 3]


def test_names_of_networks_and_classical_methods():
    assert parse_models("banet, otsu") == ["banet", "otsu"]
    with pytest.raises(ValueError, match=r"unknown model 'foo'; known: banet, .*region_growing"):
        parse_models("banet,foo")
    with pytest.raises(ValueError, match="each model is compared once, got unet, unet"):
        parse_models("unet,unet")
