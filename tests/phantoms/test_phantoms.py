"""Phantoms: exact truth, settings that reach only their sector, the same scene every time, and the bundled files."""

from __future__ import annotations

import csv
from pathlib import Path

import cv2
import numpy as np
import pytest
from landing import rest_at_landing
from PIL import Image

from banet_edu.data.sample import Sample
from banet_edu.phantoms.bundle import COUNT, FOLDERS, make_sample, sample_name, write_samples
from banet_edu.phantoms.phantom import KINDS, Phantom, make_phantom
from banet_edu.phantoms.shapes import RAMP_DEG, signed_distance

SAMPLES = Path(__file__).resolve().parents[2] / "data_samples"


def test_signed_distance_of_a_circle_is_radius_exact():
    angle = np.linspace(0, 2 * np.pi, 1440, endpoint=False)
    circle = np.column_stack([40.3 + 20 * np.sin(angle), 45.8 + 20 * np.cos(angle)])
    distance, nearest = signed_distance([circle], (80, 96))
    rows, columns = np.mgrid[:80, :96]
    assert np.abs(distance - (np.hypot(rows - 40.3, columns - 45.8) - 20)).max() < 1e-3
    assert nearest.shape == distance.shape


def test_signed_distance_agrees_with_brute_force_on_a_concave_polygon_across_the_frame():
    corners = np.array([[-5.0, 3.0], [20.2, 8.7], [3.1, 14.9], [25.5, 22.4], [-5.0, 27.0]])
    ends = np.roll(corners, -1, axis=0)
    fine = np.concatenate([np.linspace(a, b, 400, endpoint=False) for a, b in zip(corners, ends, strict=True)])
    distance, _ = signed_distance([fine], (24, 30))
    polygon = corners[:, ::-1].astype(np.float32).reshape(-1, 1, 2)
    for row in range(24):
        for column in range(30):
            expected = -cv2.pointPolygonTest(polygon, (float(column), float(row)), True)
            assert distance[row, column] == pytest.approx(expected, abs=1e-3), (row, column)


@pytest.mark.parametrize("kind", KINDS)
def test_a_phantom_is_a_sample_with_its_truth(kind: str):
    phantom = make_phantom(kind, seed=5, size=96)
    assert isinstance(phantom, Sample)
    assert isinstance(phantom, Phantom)
    assert phantom.image.shape == (96, 96, 3)
    assert phantom.signed_distance_px.dtype == np.float32
    assert np.array_equal(phantom.mask, phantom.signed_distance_px < 0)
    assert 0.01 < phantom.mask.mean() < 0.5
    assert phantom.spacing_mm is not None and phantom.spacing_mm[0] == phantom.spacing_mm[1]
    assert len(phantom.contours) == (2 if kind == "lung" else 1)
    assert phantom.contour.shape == (len(phantom.angle_deg), 2)
    at = tuple(np.round(phantom.contour).astype(int).T)
    assert np.abs(phantom.signed_distance_px[at]).max() <= np.sqrt(0.5) + 1e-3  # at most half a pixel's diagonal away
    assert phantom.parameters["seed"] == 5 and phantom.parameters["kind"] == kind


@pytest.mark.parametrize("kind", KINDS)
def test_same_arguments_same_bytes_at_any_thread_count(kind: str):
    threads = cv2.getNumThreads()
    try:
        cv2.setNumThreads(1)
        one = make_phantom(kind, seed=8, size=128, occlusion=0.4)
        cv2.setNumThreads(4)
        many = make_phantom(kind, seed=8, size=128, occlusion=0.4)
    finally:
        cv2.setNumThreads(threads)
    assert np.array_equal(one.image, many.image)
    assert np.array_equal(one.signed_distance_px, many.signed_distance_px)
    assert not np.array_equal(one.image, make_phantom(kind, seed=9, size=128, occlusion=0.4).image)


@pytest.mark.parametrize("kind", KINDS)
def test_no_global_random_state_is_touched(kind: str):
    np.random.seed(1)  # noqa: NPY002
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    cv2.setRNGSeed(3)
    make_phantom(kind, seed=1, size=64, occlusion=0.5)
    assert np.array_equal(before, np.random.get_state()[1])  # noqa: NPY002


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_seed_is_the_same_scene_at_another_resolution(kind: str):
    large, small = make_phantom(kind, seed=4, size=256, noise=0), make_phantom(kind, seed=4, size=128, noise=0)
    assert np.abs((large.contour + 0.5) / 2 - 0.5 - small.contour).max() < 1e-6
    shrunk = cv2.resize(large.image, (128, 128), interpolation=cv2.INTER_AREA).astype(float)
    assert np.abs(shrunk - small.image).mean() < 4
    assert large.spacing_mm == pytest.approx(tuple(mm / 2 for mm in small.spacing_mm))


def test_other_shapes_names_and_spacings():
    wide = make_phantom("endoscopy", seed=2, size=(64, 96), spacing_mm=(0.5, 0.25))
    assert wide.image.shape == (64, 96, 3) and wide.mask.shape == (64, 96)
    assert wide.spacing_mm == (0.5, 0.25) and wide.name == "phantom_polyp_2"
    assert np.array_equal(make_phantom("chest", seed=2, size=64).image, make_phantom("lung", seed=2, size=64).image)


def _band(phantom: Phantom, inner: float, outer: float) -> np.ndarray:
    distance = phantom.signed_distance_px
    return (distance > inner) & (distance < outer)


def _angles(phantom: Phantom) -> np.ndarray:
    """Angle of every pixel's nearest contour point."""
    nearest = signed_distance(phantom.contours, phantom.mask.shape)[1]
    return phantom.angle_deg[nearest]


@pytest.mark.parametrize("kind", rest_at_landing(KINDS, "dermoscopy"))
def test_zero_contrast_hides_the_object(kind: str):
    def step(contrast: float) -> float:
        steps = []
        for seed in range(6):
            phantom = make_phantom(kind, seed=seed, size=128, contrast=contrast, noise=0)
            grey = phantom.image.mean(axis=2)
            steps.append(abs(grey[_band(phantom, -5, -2)].mean() - grey[_band(phantom, 2, 5)].mean()))
        return float(np.mean(steps))

    assert step(0.0) < 0.25 * step(1.0)
    assert step(0.0) < step(0.5) < step(1.0)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("setting", [{"contrast": 0.2}, {"edge_softness_px": 8.0}, {"occlusion": 0.9}])
def test_a_sector_changes_its_part_of_the_contour_only(kind: str, setting: dict[str, float]):
    ((name, value),) = setting.items()
    plain = make_phantom(kind, seed=11, size=160)
    planted = make_phantom(kind, seed=11, size=160, **{name: {(60, 120): value}})
    assert np.array_equal(plain.mask, planted.mask)  # the truth stays
    change = np.abs(planted.image.astype(int) - plain.image.astype(int)).max(axis=2)
    band, angle = _band(plain, -6, 6), _angles(plain)
    assert change[band & (angle > 70) & (angle < 110)].mean() > 3
    if name != "occlusion" or kind != "dermoscopy":  # hairs reach beyond their sector
        far = band & ((angle < 60 - RAMP_DEG - 5) | (angle > 120 + RAMP_DEG + 5))
        assert change[far].mean() < 0.5


@pytest.mark.landing
def test_softness_is_the_standard_deviation_of_the_edge_profile():
    """The lesion's absorption, log(without / with lesion), falls like the normal distribution function across the edge."""

    def fall(softness: float) -> float:
        """Absorption 6 pixels inside over 6 pixels outside."""
        inside, outside = [], []
        for seed in range(6):
            options = {"seed": seed, "size": 192, "edge_softness_px": softness, "noise": 0}
            phantom, bare = (make_phantom("dermoscopy", contrast=c, **options) for c in (1.0, 0.0))
            absorption = np.log((bare.image[..., 2] + 1.0) / (phantom.image[..., 2] + 1.0))
            inside.append(absorption[_band(phantom, -7, -5)].mean())
            outside.append(absorption[_band(phantom, 5, 7)].mean())
        return float(np.mean(inside) / np.mean(outside))

    assert 3.5 < fall(6.0) < 6.5  # Phi(1) / Phi(-1) = 5.3, less for the skin's halo
    assert 1.5 < fall(15.0) < 2.3  # Phi(0.4) / Phi(-0.4) = 1.9
    assert fall(1.0) > 10


def test_a_function_of_the_angle_and_one_lung_alone():
    seen: list[np.ndarray] = []

    def contrast(angle: np.ndarray) -> np.ndarray:
        seen.append(angle)
        return 0.6 + 0.4 * np.cos(np.radians(angle))

    make_phantom("polyp", seed=1, size=64, contrast=contrast)
    assert seen and seen[0].min() >= 0 and seen[0].max() < 360

    plain, right = (
        make_phantom("lung", seed=1, size=128),
        make_phantom("lung", seed=1, size=128, contrast={(0, 359, 1): 0.1}),
    )
    change = np.abs(plain.image.astype(int) - right.image).max(axis=2)
    middle = int(plain.contour[:, 1].mean())
    assert change[:, : middle - 5].max() == 0 and change[:, middle:].max() > 20


def test_a_sector_may_span_zero_degrees():
    over_zero = make_phantom("dermoscopy", seed=3, size=64, contrast={(330, 30): 0.0})
    negative = make_phantom("dermoscopy", seed=3, size=64, contrast={(-30, 30): 0.0})
    assert np.array_equal(over_zero.image, negative.image)
    assert not np.array_equal(over_zero.image, make_phantom("dermoscopy", seed=3, size=64).image)


@pytest.mark.parametrize("kind", rest_at_landing(KINDS, "dermoscopy"))
def test_default_phantoms_have_an_even_boundary(kind: str):
    """No eighth of the contour is weak by chance: nothing must be found where nothing was planted."""
    weakest = []
    for seed in range(12):
        phantom = make_phantom(kind, seed=seed, size=192)
        grey, angle = phantom.image.astype(float).mean(axis=2), _angles(phantom)
        inner, outer = _band(phantom, -8, -2), _band(phantom, 2, 8)
        steps = []
        for begin in range(0, 360, 45):
            part = (angle >= begin) & (angle < begin + 45)
            steps.append(abs(grey[inner & part].mean() - grey[outer & part].mean()))
        weakest.append(min(steps) / np.median(steps))
    assert np.median(weakest) > 0.5, weakest


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"kind": "retina"}, "kind 'retina'.*dermoscopy"),
        ({"seed": -1}, "seed"),
        ({"seed": 1.5}, "seed"),
        ({"size": 8}, "8 x 8"),
        ({"size": (64, 256)}, "64 x 256"),
        ({"contrast": -0.1}, "contrast"),
        ({"contrast": float("nan")}, "contrast"),
        ({"occlusion": {(0, 90): 1.5}}, "occlusion"),
        ({"occlusion": {90: 0.5}}, "occlusion: sector 90"),
        ({"contrast": {(0, 90, 3): 0.5}}, "contour 3"),
        ({"edge_softness_px": -2.0}, "edge_softness_px"),
        ({"irregularity": 2.0}, "irregularity"),
        ({"noise": float("nan")}, "noise"),
        ({"spacing_mm": 0.0}, "spacing_mm"),
    ],
)
def test_bad_values_are_named(arguments: dict[str, object], message: str):
    with pytest.raises(ValueError, match=message):
        make_phantom(**{"kind": "dermoscopy", "size": 64, **arguments})  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", KINDS)
def test_the_bundled_files_are_the_ones_the_command_makes(kind: str):
    folder = SAMPLES / kind
    with (folder / "spacing.csv").open(newline="", encoding="utf-8") as file:
        rows = {row["name"]: (float(row["row_mm"]), float(row["column_mm"])) for row in csv.DictReader(file)}
    assert list(rows) == [sample_name(kind, i) for i in range(COUNT)]
    for index in (0, 17, 47):
        phantom, name = make_sample(kind, index), sample_name(kind, index)
        image = np.array(Image.open(folder / "images" / f"{name}.jpg").convert("RGB")).astype(int)
        mask = np.array(Image.open(folder / "masks" / f"{name}{FOLDERS[kind].mask_suffix}.png"))
        assert mask.dtype == bool and np.array_equal(mask, phantom.mask)
        assert np.abs(image - phantom.image).mean() < 5  # JPEG smooths the noise
        assert np.abs(cv2.blur(image - phantom.image.astype(float), (9, 9))).max() < 12
        assert rows[name] == pytest.approx(phantom.spacing_mm, abs=1e-6)


def test_the_bundle_is_complete_and_small():
    files = [path for path in SAMPLES.rglob("*") if path.is_file() and path.parts[-3] in KINDS]
    assert len(files) == 2 * COUNT * len(KINDS)
    assert sum(path.stat().st_size for path in files) < 6e6


def test_write_samples_makes_the_layout_anew(tmp_path: Path):
    written = list(write_samples(tmp_path, count=1))
    assert [path.name for path in written] == ["PHANTOM_D0001.jpg", "PHANTOM_P0001.jpg", "PHANTOM_L0001.jpg"]
    for kind, folder in FOLDERS.items():
        name = f"{sample_name(kind, 0)}{folder.mask_suffix}.png"
        assert (tmp_path / kind / "masks" / name).read_bytes() == (SAMPLES / kind / "masks" / name).read_bytes()
