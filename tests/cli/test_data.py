from __future__ import annotations

import shutil

import pytest

from banet_edu.paths import samples_root


@pytest.fixture
def polyps(tmp_path):
    """Six bundled polyps as a data set of its own."""
    for part in ("images", "masks"):
        (tmp_path / part).mkdir()
        for path in sorted((samples_root() / "polyp" / part).iterdir())[:6]:
            shutil.copy(path, tmp_path / part)
    return tmp_path


def test_check_reports_and_ends_well(banet_edu, polyps):
    code, out, _ = banet_edu("data", "check", polyps, "--format", "kvasir_seg", "--spacing", "0.1", "0.1")
    assert code == 0
    assert "256 x 256" in out
    assert "0.1 x 0.1 mm" in out


def test_check_names_bad_files_and_ends_with_1(banet_edu, polyps):
    bad = next((polyps / "masks").iterdir())
    bad.write_bytes(bad.read_bytes()[:100])
    code, out, _ = banet_edu("data", "check", polyps, "--format", "kvasir_seg")
    assert code == 1
    assert bad.name in out


def test_check_warns_of_copies_across_the_split(banet_edu, polyps):
    for copy in range(6):
        for part in ("images", "masks"):
            source = sorted((polyps / part).iterdir())[0]
            shutil.copy(source, source.with_stem(f"{source.stem}_copy{copy}"))
    code, out, _ = banet_edu("data", "check", polyps, "--format", "kvasir_seg")
    assert code == 1
    assert "_copy0" in out


def test_make_writes_the_layouts(banet_edu, tmp_path):
    code, out, _ = banet_edu("data", "make", tmp_path / "made", "--count", 1)
    assert code == 0
    assert "3 images" in out
    assert len(list((tmp_path / "made").glob("*/images/*.jpg"))) == 3
