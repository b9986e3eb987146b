"""Other ways to a prediction: averaged over mirror images, or by a classical method."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from known_model import Brightness

from banet_edu.data.sample import Sample
from banet_edu.networks.classical import Otsu
from banet_edu.phantoms.phantom import make_phantom
from banet_edu.prediction import predict


def test_flips_average_the_mirror_images_turned_back() -> None:
    class Sided(Brightness):
        """Sees nothing in the right half."""

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            logits = super().forward(x).clone()
            logits[..., x.shape[-1] // 2 :] = torch.tensor([4.0, -4.0])[None, :, None, None]
            return logits

    model, image = Sided(), np.full((64, 64, 3), 255, np.uint8)
    plain, turned = (predict(model, image, flips=flips).probability for flips in ("none", "horizontal"))
    np.testing.assert_array_equal(predict(model, image).probability, plain)
    np.testing.assert_allclose(turned, (plain + plain[:, ::-1]) / 2, atol=1e-6)
    np.testing.assert_allclose(predict(model, image, flips="all").probability, turned, atol=1e-6)
    with pytest.raises(ValueError, match="none, horizontal, all, got 'both'"):
        predict(model, image, flips="both")  # type: ignore[arg-type]


def test_classical_methods_predict_at_the_masks_own_size() -> None:
    sample = make_phantom("dermoscopy", seed=3, size=96)
    small = Sample(sample.image, np.asarray(sample.mask)[::2, ::2], "small", (1.0, 1.0))
    found = predict(Otsu(), small)
    assert found.mask.shape == (48, 48) and found.spacing_mm == (1.0, 1.0) and "area_mm2" in found.measurements
    np.testing.assert_array_equal(predict(Otsu(), sample).mask, Otsu()(sample.image) >= 0.5)
