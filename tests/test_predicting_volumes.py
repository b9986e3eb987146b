"""`predict` of volumes: size, windows, units, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from banet_edu.data.sample import Sample
from banet_edu.data.volume import Volume
from banet_edu.networks.registry import create_model
from banet_edu.prediction import predict, predict_many


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return create_model("unet", "nano", 3, dims=3, class_names=("background", "anterior", "posterior")).eval()


def noise(shape: tuple[int, int, int], spacing=(2.0, 1.0, 0.5)) -> Volume:
    return Volume(np.random.default_rng(0).normal(100, 20, shape), None, "noise", spacing)


@pytest.mark.parametrize("shape", [(20, 30, 17), (32, 32, 32), (40, 33, 20)])
def test_a_prediction_has_the_volumes_own_voxels(network, shape):
    found = predict(network, noise(shape))
    assert found.probability.shape == found.labels.shape == found.mask.shape == shape
    assert found.probability.dtype == np.float32 and found.labels.dtype == np.uint8
    assert found.spacing_mm == (2.0, 1.0, 0.5)
    assert found.measurements == pytest.approx(
        {
            "volume_ml": np.count_nonzero(found.labels) / 1000,
            "volume_ml_anterior": np.count_nonzero(found.labels == 1) / 1000,
            "volume_ml_posterior": np.count_nonzero(found.labels == 2) / 1000,
        }
    )
    np.testing.assert_array_equal((found.level >= 0), found.mask)


def test_a_small_volume_is_seen_as_in_training(network):
    from banet_edu.data.prepared import PreparedVolumes

    volume = Volume(noise((20, 30, 17)).image, np.ones((20, 30, 17), bool), "noise")
    x = torch.from_numpy(PreparedVolumes([volume], 32).images)[:, None]
    with torch.no_grad():
        expected = network(x).softmax(1)[0, 0].numpy()[6:26, 1:31, 7:24]
    np.testing.assert_array_equal(predict(network, volume).probability, 1 - expected)


def test_the_scale_of_grey_values_does_not_matter_and_native_sees_all_at_once(network):
    volume = noise((40, 36, 34))
    brighter = Volume(volume.image * 1000, None, "brighter", volume.spacing_mm)
    np.testing.assert_allclose(predict(network, volume).probability, predict(network, brighter).probability, atol=1e-4)
    assert np.abs(predict(network, volume, native=True).probability - predict(network, volume).probability).max() > 0


def test_without_a_spacing_voxels_are_counted(network):
    array = noise((20, 20, 20)).image
    found = predict(network, array)
    assert found.measurements["volume_voxels"] == np.count_nonzero(found.labels)
    assert predict(network, array, spacing_mm=(1, 1, 1)).measurements["volume_ml"] == pytest.approx(
        np.count_nonzero(found.labels) / 1000
    )


def test_what_is_for_images_is_refused_in_words(network):
    volume = noise((20, 20, 20))
    with pytest.raises(ValueError, match="flips='all' is for images"):
        predict(network, volume, flips="all")
    with pytest.raises(ValueError, match="a surface and no contour"):
        _ = predict(network, volume).contours
    with pytest.raises(ValueError, match="takes volumes, and ndarray of shape"):
        predict(network, np.zeros((40, 40), np.uint8))
    with pytest.raises(ValueError, match="read_nifti"):
        predict(network, "scan.nii.gz")
    with pytest.raises(ValueError, match="three numbers of mm"):
        predict(network, volume, spacing_mm=(1, 1))
    images = create_model("unet", "nano")
    with pytest.raises(ValueError, match="noise is a volume"):
        predict(images, volume)
    with pytest.raises(ValueError, match="takes volumes, and Sample"):
        list(predict_many(network, [Sample(np.zeros((40, 40, 3), np.uint8), None, "a")]))
