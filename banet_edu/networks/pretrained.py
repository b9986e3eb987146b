"""Public ImageNet weights for the encoder, from a file or from where they are published.

Source of the weights: torchvision's ResNets in the safetensors copies that the timm project publishes on the Hugging Face
hub (`timm/<name>.tv_in1k`; names equal torchvision's). Nothing is ever unpickled, so a `.pth` file is refused.

Python says `pretrained=True` or `pretrained=PATH` where the command says `--pretrained` or `--pretrained PATH`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file

from banet_edu.banet.encoder import ResNetEncoder

AT_RANDOM = "(pretrained=False; without --pretrained)"
# Blocks of the third stage, and whether a block has three convolutions: what tells the ResNets' files apart.
_RESNETS = {(2, False): "resnet18", (6, False): "resnet34", (6, True): "resnet50", (23, True): "resnet101"}


def load_imagenet(encoder: ResNetEncoder, name: str, source: bool | str | Path) -> str:
    """Load ImageNet weights into `encoder`; gives what was loaded, in words, with the file's SHA-256.

    Args:
        encoder: at width 1, the only width such weights exist for.
        name: resnet18, resnet34, resnet50 or resnet101.
        source: True asks the network; a path names a `.safetensors` file with torchvision's parameter names, or a folder that
            holds `resnet50.safetensors` and the like.

    Raises:
        ValueError: the width is not 1, the file does not hold this network, or a download is not what was published.
        FileNotFoundError: no such file.
        ConnectionError: no network, and no copy from an earlier download.
    """
    _check_width(encoder.conv1.out_channels / 64)
    path = _download(name) if source is True else _file(str(source), name)
    try:
        state = load_file(path)
    except SafetensorError as error:
        raise _damaged(path, error) from None
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
            f"{path}: does not hold {name}: {len(missing)} parameter(s) missing or misshapen, e.g. {missing[:3]}. Name a "
            f"file that does, as {_published(name)}, or start at random {AT_RANDOM}"
        )
    return f"{_repository(name) if source is True else path.name}, sha256 {_sha256(path)}"


def check_fit(source: bool | str | Path, encoders: Mapping[str, tuple[str, float]]) -> None:
    """ValueError, before any work, unless ImageNet weights of `source` fit every network: name -> its ResNet and the width.

    Files are told apart by the names they hold. Whether a download succeeds shows when it is tried.
    """
    for _, width in encoders.values():
        _check_width(width)
    if isinstance(source, bool):
        return
    held = {resnet: _held(_file(source, resnet)) for resnet in sorted({resnet for resnet, _ in encoders.values()})}
    odd = {network: resnet for network, (resnet, _) in encoders.items() if held[resnet] != resnet}
    if not odd:
        return
    fit = [network for network in encoders if network not in odd]
    stand = "; ".join(
        f"{network} stands on {resnet}, not on what {_file(source, resnet)} holds ({held[resnet]})"
        for network, resnet in odd.items()
    )
    raise ValueError(
        f"{stand}. It fits {', '.join(fit) or 'none of the networks asked for'}. Name a folder that holds "
        f"{' and '.join(f'{resnet}.safetensors' for resnet in held)} ({_published('NAME')}, renamed), "
        f"{'leave out what does not fit, ' if fit else ''}or start at random {AT_RANDOM}"
    )


def check_resnet(name: str, has_one: bool) -> None:
    """ValueError for a network without a ResNet."""
    if not has_one:
        raise ValueError(
            f"{name} has no ResNet encoder that ImageNet weights would fit; start it at random {AT_RANDOM}"
        )


def _check_width(width: float) -> None:
    if width != 1:
        raise ValueError(
            f"ImageNet weights exist for images and width 1 only; this encoder begins with {64 * width:.0f} instead of 64 "
            "channels. Take preset paper or encoder_width=1 (--preset paper or --recipe study; of images), or start at random "
            f"{AT_RANDOM}"
        )


def _file(source: str | Path, name: str) -> Path:
    """The file for the ResNet `name`: `source`, or its own one in that folder."""
    path = Path(source) / f"{name}.safetensors" if Path(source).is_dir() else Path(source)
    if not path.exists():
        raise FileNotFoundError(
            f"{path}: no such file; pretrained= (--pretrained) takes a .safetensors file, or a folder that holds "
            f"{name}.safetensors ({_published(name)}, renamed)"
        )
    if path.suffix != ".safetensors":
        raise ValueError(
            f"{path}: expected a .safetensors file. Loading any other format could run code hidden in it. To convert "
            "weights that you trust: from safetensors.torch import save_file; save_file(torch.load(FILE, "
            'weights_only=True), "weights.safetensors")'
        )
    return path


def _held(path: Path) -> str:
    """Which ResNet a file holds, by the names in it; nothing else is read."""
    try:
        with safe_open(path, framework="pt") as file:
            names = set(file.keys())
    except SafetensorError as error:
        raise _damaged(path, error) from None
    blocks = sum(f"layer3.{i}.conv1.weight" in names for i in range(64))
    return _RESNETS.get((blocks, "layer3.0.conv3.weight" in names), f"none of {', '.join(_RESNETS.values())}")


def _damaged(path: Path, error: Exception) -> ValueError:
    return ValueError(f"{path}: damaged or not a safetensors file ({error}); download it again")


def _download(name: str) -> Path:
    import huggingface_hub  # comes with accelerate

    repository = _repository(name)
    try:
        path = Path(huggingface_hub.hf_hub_download(repository, "model.safetensors"))
    except Exception as error:  # many kinds of network failure, all with the same way out
        raise ConnectionError(
            f"could not fetch ImageNet weights for {name} ({type(error).__name__}). Either connect to the internet once, or "
            f"download {_published(name)} elsewhere and name the file (pretrained='FILE'; --pretrained FILE), "
            f"or start at random {AT_RANDOM}"
        ) from None
    published = path.resolve().name  # the hub's cache calls a file by the SHA-256 that the hub states
    if len(published) == 64 and _sha256(path) != published:
        raise ValueError(f"{path}: not what {repository} publishes (another SHA-256); delete it, and ask again")
    return path


def _repository(name: str) -> str:
    return f"timm/{name}.tv_in1k"


def _published(name: str) -> str:
    return f"model.safetensors of {_repository(name)} from the Hugging Face hub"


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
