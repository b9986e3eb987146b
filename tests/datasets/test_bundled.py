from __future__ import annotations

import pytest

from banet_edu.datasets import bundled


@pytest.mark.parametrize(("kind", "mask_suffix"), [("dermoscopy", "_segmentation"), ("polyp", ""), ("lung", "_mask")])
def test_samples_are_read_in_their_layout(make_set, monkeypatch, kind, mask_suffix):
    root = make_set(10, mask_suffix=mask_suffix, root=f"samples/{kind}")
    (root / "spacing.csv").write_text("name,row_mm,column_mm\ncase0,0.1,0.2\n")
    monkeypatch.setattr(bundled, "samples_root", lambda: root.parent)
    samples = bundled.load_samples(kind)
    assert len(samples) == 10 and samples["case0"].spacing_mm == (0.1, 0.2)
    assert [len(bundled.load_samples(kind, part)) for part in ("train", "val", "test")] == [7, 1, 2]


def test_unknown_kind_is_an_error():
    with pytest.raises(ValueError, match=r"'skin'.*dermoscopy, polyp, lung"):
        bundled.load_samples("skin")


def test_samples_root_is_the_folder_of_the_checkout_or_the_wheel():
    assert bundled.samples_root().name == "data_samples" and bundled.samples_root().is_dir()
