"""Networks of images are to the letter those of before volumes came: names, shapes and order of their weights, what a seed
makes of them, and what they answer. Noted down with the code of that time (torch 2.13, CPU)."""

from __future__ import annotations

import hashlib

import pytest
import torch

from banet_edu.networks.registry import create_model, model_names

BEFORE = {  # digest of names and shapes; checksums of the initial parameters, and of the logits in training mode
    "banet": ("32aed337f78b", 107.134811, 422.22692),
    "unet": ("f701cccde1ef", -34.032417, 392.56146),
    "unet_same_encoder": ("993cb11d5db5", -62.774304, 189.66965),
    "fcn": ("1b5bdca460b1", -98.353843, 4603.56885),
    "deeplabv3": ("02246699af22", -58.896977, 351.61446),
    "cenet": ("c4f0f3335e1f", -232.462098, 37.84070),
    "attention_unet": ("02fb47a6771f", -33.434772, -1688.05906),
    "unetpp": ("f986abbf7db5", -19.759082, -534.06465),
}


def checksum(values) -> float:
    """Depends on the order as well."""
    flat = torch.cat([value.detach().double().flatten() for value in values])
    return float((flat * torch.linspace(-1, 1, len(flat), dtype=torch.float64)).sum())


@pytest.mark.parametrize("name", model_names())
def test_networks_of_images_are_what_they_were(name):
    digest, parameters, logits = BEFORE[name]
    torch.manual_seed(0)
    model = create_model(name, "nano", 3).train()
    names = repr([(key, tuple(value.shape)) for key, value in model.state_dict().items()])
    assert hashlib.sha256(names.encode()).hexdigest().startswith(digest)
    assert checksum(model.parameters()) == pytest.approx(parameters, abs=1e-3)
    x = torch.linspace(-1, 1, 2 * 3 * 64 * 64).view(2, 3, 64, 64).sin()
    with torch.no_grad():
        output = model(x)
    assert checksum([output if torch.is_tensor(output) else output.logits]) == pytest.approx(logits, abs=0.1)
