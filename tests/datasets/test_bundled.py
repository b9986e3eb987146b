from __future__ import annotations

import numpy as np
import pytest

from banet_edu import open_dataset
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


def test_bundled_volumes_are_eight_with_names_millimetres_and_the_attribution_their_terms_ask_for():
    volumes = bundled.load_volumes()
    assert len(volumes) == 8 and volumes.class_names == ("background", "anterior", "posterior")
    for volume in volumes:
        assert volume.spacing_mm == (1.0, 1.0, 1.0)
        assert set(np.unique(volume.mask)) == {0, 1, 2}
    folder = bundled.samples_root() / "hippocampus"
    text = (folder / "README.md").read_text(encoding="utf-8")
    for word in ("CC BY-SA 4.0", "Simpson", "Antonelli", "files unchanged"):
        assert word in text
    assert sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) < 500_000


def test_bundled_volumes_lie_in_the_test_part_and_are_the_files_of_the_set(real):
    """The weights that come with them never saw them, and nothing was changed."""
    root = real("msd_hippocampus")
    test = {sample.name for sample in open_dataset("msd", root, "test")}
    folder = bundled.samples_root() / "hippocampus"
    files = sorted(folder.rglob("*.nii.gz"))
    assert {file.name.removesuffix(".nii.gz") for file in files} <= test
    for file in files:
        assert file.read_bytes() == (root / file.relative_to(folder)).read_bytes()
