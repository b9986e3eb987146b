"""Public ImageNet weights for the encoder, from a file or from where they are published.

Source of the weights: torchvision's ResNets in the safetensors copies that the timm project publishes on the Hugging Face
hub (`timm/<name>.tv_in1k`; names equal torchvision's). Nothing is ever unpickled, so a `.pth` file is refused.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file

from banet_edu.banet.encoder import ResNetEncoder


def load_imagenet(encoder: ResNetEncoder, name: str, source: bool | str | Path) -> str:
    """Load ImageNet weights into `encoder`; gives what was loaded, in words, with the file's SHA-256.

    Args:
        encoder: at width 1, the only width such weights exist for.
        name: resnet18, resnet34, resnet50 or resnet101.
        source: True asks the network; a path names a `.safetensors` file with torchvision's parameter names.

    Raises:
        ValueError: the width is not 1, the file does not hold this network, or a download is not what was published.
        FileNotFoundError: no such file.
        ConnectionError: no network, and no copy from an earlier download.
    """
    if encoder.conv1.out_channels != 64:
        raise ValueError(
            f"ImageNet weights exist for width 1 only; this encoder begins with {encoder.conv1.out_channels} instead of "
            "64 channels: pass encoder_width=1, or pretrained=False"
        )
    path = _download(name) if source is True else Path(str(source))
    if not path.exists():
        raise FileNotFoundError(f"{path}: no such file; pretrained= takes True or the path of a .safetensors file")
    if path.suffix != ".safetensors":
        raise ValueError(
            f"{path}: expected a .safetensors file. Loading any other format could run code hidden in it. To convert "
            "weights that you trust: from safetensors.torch import save_file; save_file(torch.load(FILE, "
            'weights_only=True), "weights.safetensors")'
        )
    try:
        state = load_file(path)
    except SafetensorError as error:
        raise ValueError(f"{path}: damaged or not a safetensors file ({error}); download it again") from None
    state = {key: value for key, value in state.items() if not key.startswith("fc.")}
    result = encoder.load_state_dict(
        {
            key: value
            for key, value in state.items()
            if key in (own := encoder.state_dict()) and own[key].shape == value.shape
        },
        strict=False,
    )
    missing = [key for key in result.missing_keys if not key.endswith("num_batches_tracked")]
    if missing:
        raise ValueError(
            f"{path}: does not hold {name}: {len(missing)} parameter(s) missing or misshapen, e.g. {missing[:3]}"
        )
    return f"{_repository(name) if source is True else path.name}, sha256 {_sha256(path)}"


def _download(name: str) -> Path:
    import huggingface_hub  # comes with accelerate

    repository = _repository(name)
    try:
        path = Path(huggingface_hub.hf_hub_download(repository, "model.safetensors"))
    except Exception as error:  # many kinds of network failure, all with the same way out
        raise ConnectionError(
            f"could not fetch ImageNet weights for {name} ({type(error).__name__}). Either connect to the internet once, or "
            f"download model.safetensors of {repository} from the Hugging Face hub elsewhere and pass pretrained='PATH', "
            "or train from scratch with pretrained=False"
        ) from None
    published = path.resolve().name  # the hub's cache calls a file by the SHA-256 that the hub states
    if len(published) == 64 and _sha256(path) != published:
        raise ValueError(f"{path}: not what {repository} publishes (another SHA-256); delete it, and ask again")
    return path


def _repository(name: str) -> str:
    return f"timm/{name}.tv_in1k"


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
