"""Public ImageNet weights for the encoder, from a file or from where they are published.

Source of the weights: torchvision's `ResNet18_Weights.IMAGENET1K_V1` and the like, fetched into torch.hub's folder, where
torchvision itself keeps them. They are pickled, so a file is read only if its whole SHA-256 is theirs; weights from elsewhere
come as `.safetensors`.

Python says `pretrained=True` or `pretrained=PATH` where the command says `--pretrained` or `--pretrained PATH`.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file
from torch import Tensor

from banet_edu.banet.encoder import ResNetEncoder
from banet_edu.storage import sha256

AT_RANDOM = "(pretrained=False; without --pretrained)"
# Blocks of the third stage, and whether a block has three convolutions: what tells the ResNets' files apart.
_RESNETS = {(2, False): "resnet18", (6, False): "resnet34", (6, True): "resnet50", (23, True): "resnet101"}

_URL = "https://download.pytorch.org/models/"
# SHA-256 of torchvision's files. Their names hold the first eight digits; the others are as projects that pinned them state in
# public repositories (2026-11-29: nine and more for each, two for resnet101). No file was fetched here.
_SHA256 = {
    "resnet18": "f37072fd47e89c5e827621c5baffa7500819f7896bbacec160b1a16c560e07ec",
    "resnet34": "b627a593bcbe140c234610266fe4f8ae95ea42fc881d091c9b6052e6b1d0590f",
    "resnet50": "0676ba61b6795bbe1773cffd859882e5e297624d384b6993f7c9e683e722fb8a",
    "resnet101": "63fe2227b86e8f1f2063f43a75c84d195911b6a0eace650907dd3dc62dd49a0a",
}


def load_imagenet(encoder: ResNetEncoder, name: str, source: bool | str | Path) -> str:
    """Load ImageNet weights into `encoder`; gives what was loaded, in words, with the file's SHA-256.

    Args:
        encoder: at width 1, the only width such weights exist for.
        name: resnet18, resnet34, resnet50 or resnet101.
        source: True asks the network; a path names one of torchvision's files, a `.safetensors` file with torchvision's
            parameter names, or a folder with such files: `resnet50-0676ba61.pth`, or `resnet50.safetensors`, which wins.

    Raises:
        ValueError: the width is not 1, the file does not hold this network, or is not what was published.
        FileNotFoundError: no such file.
        ConnectionError: no network, and no copy from an earlier download.
    """
    _check_width(encoder.conv1.out_channels / 64)
    path = _download(name) if source is True else _file(str(source), name)
    state = {key: value for key, value in _state(path).items() if not key.startswith("fc.")}
    own = encoder.state_dict()
    fitting = {key: value for key, value in state.items() if key in own and own[key].shape == value.shape}
    odd = [key for key in own if key not in fitting and not key.endswith("num_batches_tracked")]
    odd += [
        key for key in state if key.endswith("conv1.weight") and key not in own
    ]  # a larger ResNet's holds all of these
    if odd:
        raise ValueError(
            f"{path}: does not hold {name}: {len(odd)} parameter(s) missing or misshapen, or of another network, e.g. "
            f"{odd[:3]}. Name a file that does, as {_URL}{_published(name)}, or start at random {AT_RANDOM}"
        )
    encoder.load_state_dict({**own, **fitting})
    return f"{path.name}, sha256 {sha256(path)}"


def check_fit(source: bool | str | Path, encoders: Mapping[str, tuple[str, float]]) -> None:
    """ValueError, before any work, unless ImageNet weights of `source` fit every network: name -> its ResNet and the width.

    Files are told apart by the names they hold, torchvision's by their hash. Whether a download succeeds, trying it shows.
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
        f"{' and '.join(_published(resnet) for resnet in held)} (from {_URL}), "
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
    path = Path(source)
    if path.is_dir():
        own = path / f"{name}.safetensors"
        path = own if own.exists() else path / _published(name)
    if not path.exists():
        raise FileNotFoundError(
            f"{path}: no such file; pretrained= (--pretrained) takes {_published(name)} (from {_URL}), a .safetensors file "
            f"with the same names, or a folder that holds it or {name}.safetensors"
        )
    return path


def _held(path: Path) -> str:
    """Which ResNet a file holds: by its hash, or by the names in it; nothing else is read."""
    if path.suffix != ".safetensors":
        return _torchvisions(path)
    try:
        with safe_open(path, framework="pt") as file:
            names = set(file.keys())
    except SafetensorError as error:
        raise _damaged(path, error) from None
    blocks = sum(f"layer3.{i}.conv1.weight" in names for i in range(64))
    return _RESNETS.get((blocks, "layer3.0.conv3.weight" in names), f"none of {', '.join(_SHA256)}")


def _state(path: Path) -> dict[str, Tensor]:
    if path.suffix != ".safetensors":
        _torchvisions(path)
        return torch.load(path, map_location="cpu", weights_only=True)
    try:
        return load_file(path)
    except SafetensorError as error:
        raise _damaged(path, error) from None


def _torchvisions(path: Path) -> str:
    """Whose weights this pickled file holds; ValueError unless it is one that torchvision published, bit for bit."""
    own = sha256(path)
    for name, published in _SHA256.items():
        if own == published:
            return name
    raise ValueError(
        f"{path}: neither a .safetensors file nor what torchvision publishes as {', '.join(map(_published, _SHA256))} (its "
        f"SHA-256 is {own}). If it should be one of these, delete it and fetch it from {_URL} again. Loading any other file "
        "could run code hidden in it. To convert weights that you trust: from safetensors.torch import save_file; "
        'save_file(torch.load(FILE, weights_only=True), "weights.safetensors")'
    )


def _damaged(path: Path, error: Exception) -> ValueError:
    return ValueError(f"{path}: damaged or not a safetensors file ({error}); download it again")


def _download(name: str) -> Path:
    path = Path(torch.hub.get_dir()) / "checkpoints" / _published(name)
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        print(f"Fetching {_URL}{path.name} to {path}", file=sys.stderr)
        try:
            torch.hub.download_url_to_file(_URL + path.name, str(path), hash_prefix=_SHA256[name])
        except (
            Exception
        ) as error:  # many kinds of network failure, and a page of a hotel's network: one way out for all
            raise ConnectionError(
                f"could not fetch ImageNet weights for {name} ({type(error).__name__}: {error}). Either connect to the "
                f"internet once, or download {_URL}{path.name} elsewhere and name the file (pretrained='FILE'; --pretrained "
                f"FILE), or start at random {AT_RANDOM}"
            ) from None
    return path


def _published(name: str) -> str:
    """What torchvision calls the file of this ResNet."""
    return f"{name}-{_SHA256[name][:8]}.pth"
