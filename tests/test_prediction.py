"""Prediction: sizes, the order of resizing and thresholding, measurements against geometry, clear errors."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch
from known_model import Brightness, disc
from scipy.special import ellipe
from torch import nn

from banet_edu.data.sample import Sample
from banet_edu.metrics.shape import feret_diameters, measure, outlines
from banet_edu.networks.registry import create_model
from banet_edu.prediction import as_sample, predict, predict_many


def test_result_has_the_size_of_the_mask_and_of_the_image_without_one() -> None:
    image = disc(80, 100, 25, (40, 50))
    model = Brightness()
    assert predict(model, image).probability.shape == (80, 100)
    with_mask = predict(model, Sample(image, np.zeros((240, 300), bool), "case", (0.1, 0.2)))
    assert with_mask.probability.shape == with_mask.mask.shape == with_mask.labels.shape == (240, 300)
    assert with_mask.probability.dtype == np.float32
    assert with_mask.spacing_mm == (0.1, 0.2)
    assert with_mask.name == "case"
    assert model.seen == [(1, 3, 64, 64)] * 2


def test_probability_is_resized_then_thresholded() -> None:
    image = disc(40, 40, 11.3, (19.5, 19.5))
    model = Brightness((32, 32))
    result = predict(model, Sample(image, np.zeros((512, 512), bool), "disc"))
    small = predict(model, cv2.resize(image, (32, 32), interpolation=cv2.INTER_AREA))
    np.testing.assert_array_equal(result.probability, cv2.resize(small.probability, (512, 512)))
    np.testing.assert_array_equal(result.mask, result.probability >= 0.5)
    blocky = cv2.resize(small.labels, (512, 512), interpolation=cv2.INTER_NEAREST) > 0
    assert (blocky != result.mask).sum() > 100  # resizing the finished mask would be another answer


def test_native_runs_at_full_size() -> None:
    model = Brightness()
    result = predict(model, disc(90, 130, 30, (45, 60)), native=True)
    assert model.seen == [(1, 3, 90, 130)]
    assert result.measurements["equivalent_diameter_px"] == pytest.approx(60, abs=0.3)
    with pytest.raises(ValueError, match="too small for native"):
        predict(model, disc(20, 130, 5, (10, 60)), native=True)


def test_threshold_moves_the_mask_and_the_contour_together() -> None:
    image = cv2.GaussianBlur(disc(64, 64, 20, (32, 32)), (0, 0), 4)
    areas = []
    for threshold in (0.2, 0.5, 0.9):
        result = predict(Brightness(), image, threshold=threshold)
        np.testing.assert_array_equal(result.mask, result.probability >= np.float32(threshold))
        [contour] = result.contours
        radius = np.hypot(*(contour - 32).T).mean()
        assert radius == pytest.approx(np.sqrt(result.mask.sum() / np.pi), abs=0.4)
        areas.append(result.mask.sum())
    assert areas[0] > areas[1] > areas[2] > 0
    with pytest.raises(ValueError, match=r"threshold .* 1\.5"):
        predict(Brightness(), image, threshold=1.5)


def test_several_classes() -> None:
    image = np.zeros((64, 64, 3), np.uint8)
    image[8:24, 8:24, 0] = 255
    image[40:56, 40:56, 1] = 255
    result = predict(Brightness(num_classes=3), image)
    assert set(np.unique(result.labels)) == {0, 1, 2}
    assert (result.labels[8:24, 8:24] == 1).all()
    assert (result.labels[40:56, 40:56] == 2).all()
    assert len(result.contours) == result.measurements["regions"] == 2
    np.testing.assert_array_equal(result.level >= 0, result.mask)
    # probability is 1 - background, of any class
    assert result.probability[10, 10] == pytest.approx(result.probability[50, 50], abs=1e-6)


def test_a_tie_of_classes_is_background_in_mask_and_level() -> None:
    model = Brightness(num_classes=3)
    model.scale.data.zero_()
    result = predict(model, disc(64, 64, 10, (32, 32)))
    assert not result.mask.any()
    assert result.contours == []


@pytest.mark.parametrize("name", ["banet", "unet"])
def test_many_agree_with_one_at_a_time_and_the_mode_is_put_back(name: str) -> None:
    torch.manual_seed(0)
    model = create_model(name, preset="nano").train()
    samples = [Sample(disc(50 + k, 70, 5 + k, (25, 35)), None, f"case{k}") for k in range(5)]
    together = list(predict_many(model, iter(samples), batch_size=2))
    assert model.training
    assert [result.name for result in together] == [sample.name for sample in samples]
    for result, sample in zip(together, samples, strict=True):
        np.testing.assert_allclose(result.probability, predict(model, sample).probability, atol=1e-5)


def test_predict_many_holds_one_batch_at_a_time() -> None:
    read: list[int] = []

    def source():
        for k in range(6):
            read.append(k)
            yield Sample(disc(40, 40, 9, (20, 20)), None, str(k))

    results = predict_many(Brightness(), source(), batch_size=2)
    next(results)
    assert read == [0, 1]


def test_files(tmp_path) -> None:
    image = disc(60, 80, 20, (30, 40))
    cv2.imwrite(str(tmp_path / "case.png"), image)
    result = predict(Brightness(), tmp_path / "case.png")
    assert (result.name, result.spacing_mm) == ("case", None)
    np.testing.assert_array_equal(result.mask, predict(Brightness(), image).mask)
    with pytest.raises(FileNotFoundError, match=r"nothing\.png"):
        predict(Brightness(), tmp_path / "nothing.png")
    (tmp_path / "notes.png").write_text("not an image")
    with pytest.raises(ValueError, match=r"notes\.png"):
        predict(Brightness(), str(tmp_path / "notes.png"))


def test_dicom_file_gives_millimetres(tmp_path) -> None:
    pydicom = pytest.importorskip("pydicom")
    from pydicom.dataset import FileDataset, FileMetaDataset
    from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = CTImageStorage, generate_uid()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    file = FileDataset(str(tmp_path / "scan.dcm"), {}, file_meta=meta, preamble=b"\0" * 128)
    file.SOPClassUID, file.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    file.Modality, file.PixelSpacing = "CT", [0.5, 0.5]
    file.Rows, file.Columns, file.SamplesPerPixel, file.PhotometricInterpretation = 64, 64, 1, "MONOCHROME2"
    file.BitsAllocated, file.BitsStored, file.HighBit, file.PixelRepresentation = 8, 8, 7, 0
    file.PixelData = disc(64, 64, 20, (32, 32))[..., 0].tobytes()
    pydicom.dcmwrite(tmp_path / "scan.dcm", file, enforce_file_format=True)
    result = predict(Brightness(), tmp_path / "scan.dcm")
    assert result.spacing_mm == (0.5, 0.5)
    assert result.measurements["equivalent_diameter_mm"] == pytest.approx(20, abs=0.2)


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (np.zeros((40, 40, 3)), "uint8"),
        (np.zeros((40, 40, 4), np.uint8), r"\(40, 40, 4\)"),
        (np.zeros((0, 40, 3), np.uint8), "empty"),
        (np.zeros((2, 40, 40, 3), np.uint8), r"H x W x 3"),
        (None, "uint8"),
    ],
)
def test_bad_arrays_are_refused_with_their_shape_or_type(image, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        predict(Brightness(), image)


def test_a_model_without_spec_is_refused() -> None:
    with pytest.raises(ValueError, match=r"Conv2d has no \.spec"):
        predict(nn.Conv2d(3, 2, 1), disc(40, 40, 9, (20, 20)))


def test_grey_array_is_the_same_as_grey_repeated() -> None:
    image = disc(40, 40, 9, (20, 20))
    np.testing.assert_array_equal(as_sample(image[..., 0]).image, image)


# --- shape: figures known from geometry -------------------------------------------------------------------------


def level_of_ellipse(half_rows: float, half_columns: float, angle: float = 0.0) -> np.ndarray:
    rows, columns = np.mgrid[:240, :300].astype(float) - np.array([120.0, 150.0])[:, None, None]
    turned = np.cos(angle) * rows + np.sin(angle) * columns, -np.sin(angle) * rows + np.cos(angle) * columns
    scaled = np.hypot(turned[0] / half_rows, turned[1] / half_columns)
    return (1 - scaled) * min(half_rows, half_columns)


@pytest.mark.parametrize("angle", [0.0, 0.4, 1.2])
def test_ellipse(angle: float) -> None:
    figures = measure(level_of_ellipse(30, 70, angle), spacing_mm=None)
    assert figures["largest_diameter_px"] == pytest.approx(140, abs=0.2)
    assert figures["smallest_diameter_px"] == pytest.approx(60, abs=0.2)
    assert figures["area_px"] == pytest.approx(np.pi * 30 * 70, rel=0.003)
    assert figures["perimeter_px"] == pytest.approx(4 * 70 * ellipe(1 - (30 / 70) ** 2), rel=0.001)
    assert figures["area_pct_of_image"] == pytest.approx(100 * figures["area_px"] / (240 * 300))


def test_spacing_per_direction_turns_an_ellipse_of_pixels_into_a_circle_of_millimetres() -> None:
    figures = measure(level_of_ellipse(30, 60), spacing_mm=(1.0, 0.5))
    for name in ("equivalent_diameter_mm", "largest_diameter_mm", "smallest_diameter_mm"):
        assert figures[name] == pytest.approx(60, abs=0.3)
    assert figures["area_mm2"] == pytest.approx(np.pi * 900, rel=0.003)
    assert not any(name.endswith("_px") for name in figures)


def test_diameters_are_those_of_the_largest_part() -> None:
    rows, columns = np.mgrid[:200, :200]
    discs = [radius - np.hypot(rows - r, columns - c) for radius, r, c in ((40, 60, 60), (6, 180, 180))]
    figures = measure(np.maximum(*discs), spacing_mm=None)
    assert figures["regions"] == 2
    assert figures["largest_diameter_px"] == pytest.approx(80, abs=0.1)
    assert figures["perimeter_px"] == pytest.approx(2 * np.pi * 46, rel=0.005)


def test_region_at_the_frame_is_open_as_contour_and_closed_when_measured() -> None:
    rows, columns = np.mgrid[:100, :100]
    level = (30 - np.hypot(rows, columns - 50)).astype(np.float32)
    [line] = outlines(level)
    assert line[:, 0].min() == 0
    assert not np.allclose(line[0], line[-1])
    [ring] = outlines(level, closed=True)
    np.testing.assert_allclose(ring[0], ring[-1])
    assert measure(level, spacing_mm=None)["smallest_diameter_px"] == pytest.approx(30.5, abs=0.05)
    full = measure(np.ones((60, 80)), spacing_mm=None)
    assert full["smallest_diameter_px"] == pytest.approx(60, abs=0.1)
    assert full["area_pct_of_image"] == 100


def test_nothing_has_area_zero_and_no_diameter() -> None:
    figures = measure(np.full((40, 40), -1.0), spacing_mm=(1.0, 1.0))
    assert figures["area_mm2"] == figures["perimeter_mm"] == figures["regions"] == 0
    assert np.isnan([figures[f"{kind}_diameter_mm"] for kind in ("equivalent", "largest", "smallest")]).all()


def test_level_zero_is_inside() -> None:
    level = np.full((9, 9), -1.0)
    level[3:6, 3:6] = 0.0
    figures = measure(level, spacing_mm=None)
    assert (figures["area_px"], figures["regions"]) == (9, 1)
    [line] = outlines(level)
    assert (line >= 2).all()
    assert (line <= 6).all()


def test_feret_diameters_of_many_points_match_a_direct_search() -> None:
    points = np.random.default_rng(1).normal(size=(4000, 2)) * (30, 11)
    largest, smallest = feret_diameters(points)
    directions = np.linspace(0, np.pi, 7200, endpoint=False)
    widths = np.ptp(points @ np.stack([np.cos(directions), np.sin(directions)]), axis=0)
    assert largest == pytest.approx(widths.max(), rel=1e-4)
    assert smallest == pytest.approx(widths.min(), rel=1e-4)
    assert feret_diameters(np.array([[1.0, 1.0], [1.0, 4.0]])) == (3.0, 0.0)
