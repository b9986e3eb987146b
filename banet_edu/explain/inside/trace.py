"""`probe`: every inner signal of a network while it looks at one image."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from banet_edu.banet.layers import resize
from banet_edu.data.sample import Sample
from banet_edu.data.volume import Volume, as_volume
from banet_edu.explain.inside.signals import Signal, attach, nearest, signals_of
from banet_edu.prediction import Prediction, evaluating, predict

if TYPE_CHECKING:
    import pandas as pd

REDUCTIONS: dict[str, Callable[[NDArray[Any]], NDArray[Any]]] = {
    "mean": lambda x: x.mean(axis=0),
    "mean_abs": lambda x: np.abs(x).mean(axis=0),
    "max": lambda x: x.max(axis=0),
    "norm": lambda x: np.sqrt((x**2).sum(axis=0)),
}


class Trace:
    """What `probe` saw. `trace["stage2.pee.edge_k5"]` is the signal itself, 1 x C x h x w, as in the forward pass.

    Of a volume every map has its depth in front: 1 x C x d x h x w; so have sizes and pictures.

    Attributes:
        signals: name -> `Signal` (module, stage, meaning) of everything that flowed.
        prediction: the `Prediction` made on the way; None when a tensor was probed.
        input_size: (height, width) of the network's input.
    """

    def __init__(
        self,
        values: dict[str, Tensor],
        signals: dict[str, Signal],
        prediction: Prediction | None,
        input_size: tuple[int, ...],
    ) -> None:
        self._values, self.signals, self.prediction, self.input_size = values, signals, prediction, input_size

    def names(self) -> list[str]:
        """Every signal, in the order of the forward pass: exactly what `intervene` can replace."""
        return list(self._values)

    def __getitem__(self, name: str) -> Tensor:
        if name not in self._values:
            raise KeyError(f"this trace has no signal {name!r}; nearest: {nearest(name, self._values)}")
        return self._values[name]

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def stride(self, name: str) -> float:
        """Input pixels per cell of the signal, along the rows."""
        return self.input_size[-2] / self[name].shape[-2]

    def map(self, name: str, reduce: str | int = "mean", size: tuple[int, ...] | None = None) -> NDArray[np.float32]:
        """One picture of a signal, h x w float32.

        Args:
            name: one of `names()`.
            reduce: what becomes of the channels: "mean", "mean_abs" (mean of the absolute values: for edges), "max",
                "norm" (root of the sum of squares), or the number of one channel.
            size: (height, width) to resize to (bilinear); None keeps the signal's own size.

        >>> from banet_edu import create_model
        >>> trace = probe(create_model("banet", preset="nano"), torch.zeros(1, 3, 64, 64))
        >>> trace.map("stage2.ia.seg_weight").shape, trace.map("stage2.ia.seg_weight", 3, (64, 64)).shape
        ((8, 8), (64, 64))
        """
        value = self[name][0].float().cpu().numpy()
        if isinstance(reduce, str):
            if reduce not in REDUCTIONS:
                raise ValueError(f"reduce is {', '.join(REDUCTIONS)} or a channel's number, not {reduce!r}")
            reduced = REDUCTIONS[reduce](value)
        else:
            if not 0 <= reduce < len(value):
                raise ValueError(f"{name} has channels 0 to {len(value) - 1}, not {reduce}")
            reduced = value[reduce]
        return resized(reduced, size)

    def mask_probability(self, name: str = "logits", size: tuple[int, ...] | None = None) -> NDArray[np.float32]:
        """Probability of the foreground that class scores stand for (`logits`, a `side.mask`; edges in a `side.edge`)."""
        if not name.endswith(("logits", "side.mask", "side.edge")):
            raise ValueError(f"{name!r} holds no class scores; `logits`, `decoder.logits` and the sides do")
        return resized(1 - self[name].float().softmax(dim=1)[0, 0].cpu().numpy(), size)

    @property
    def probability(self) -> NDArray[np.float32]:
        """h x w, probability of the foreground: at the mask's (or image's) own size, of a tensor at the input's."""
        return self.mask_probability() if self.prediction is None else self.prediction.probability

    @property
    def entropy(self) -> NDArray[np.float32]:
        """h x w, uncertainty between foreground and background in bits: 0 is sure, 1 is undecided."""
        return entropy_bits(self.probability)

    def table(self) -> pd.DataFrame:
        """One row per signal: name, stage, stride, channels, (depth,) height, width, meaning."""
        import pandas as pd

        rows = []
        for name, value in self._values.items():
            about, sides = self.signals[name], dict(zip(("width", "height", "depth"), value.shape[:1:-1], strict=False))
            shape = {"stride": self.stride(name), "channels": value.shape[1], **dict(reversed(sides.items()))}
            rows.append({"name": name, "stage": about.stage, **shape, "meaning": about.meaning})
        return pd.DataFrame(rows).astype({"stage": "Int64"})

    def __repr__(self) -> str:
        return f"Trace({len(self._values)} signals of a {' x '.join(map(str, self.input_size))} input)"


def probe(
    model: nn.Module, image: Sample | Volume | NDArray[Any] | str | Path | Tensor, *, native: bool = False
) -> Trace:
    """Look at one image and keep every inner signal.

    Args:
        model: any network of this package, or a torch module (its submodules are the signals then).
        image: what `predict` takes (a Sample, a Volume, an array, a path), or a prepared tensor 3 x H x W or
            1 x 3 x H x W; of a network of volumes 1 x D x H x W or 1 x 1 x D x H x W.
        native: as in `predict`; not for a tensor.

    The network runs in eval mode, without gradients, under whatever `intervene` is active, and is left as it was.

    Raises ValueError on a batch of several images, on a volume larger than the network's window (it would be seen piece
    by piece: `native=True` shows it whole), and where `predict` does.

    >>> from banet_edu import create_model
    >>> trace = probe(create_model("banet", preset="nano"), np.zeros((90, 120, 3), np.uint8))
    >>> trace["stage1.ia.seg_weight"].shape, trace.stride("stage1.ia.seg_weight"), trace.probability.shape
    (torch.Size([1, 16, 16, 16]), 4.0, (90, 120))
    """
    signals = signals_of(model)
    if not isinstance(image, Tensor | str | Path) and not native:
        _check_one_window(model, image)
    values: dict[str, Tensor] = {}
    sizes: list[tuple[int, ...]] = []

    def keep(name: str, value: Tensor, seen: Tensor) -> None:
        if value.ndim == len(sizes[-1]) + 2:  # a map; another network may have vectors on its way
            values[name] = value.detach().clone()  # a ReLU that works in place may follow

    with ExitStack() as stack:
        watch = model.register_forward_pre_hook(lambda _, inputs: sizes.append(tuple(inputs[0].shape[2:])))
        stack.callback(watch.remove)
        for name, signal in signals.items():
            handle = attach(model, signal, partial(keep, name), skip_others=True)
            stack.callback(handle.remove)
        prediction = None
        if isinstance(image, Tensor):
            run_tensor(model, image)
        else:
            prediction = predict(model, image, native=native)
    ordered = {name: values[name] for name in signals if name in values}
    return Trace(ordered, {name: signals[name] for name in ordered}, prediction, sizes[-1])


def _check_one_window(model: nn.Module, image: Any) -> None:
    spec = getattr(model, "spec", None)
    if spec is None or spec.dims == 2 or all(np.less_equal((volume := as_volume(image)).shape, spec.input_size)):
        return
    sides, window = (" x ".join(map(str, size)) for size in (volume.shape, spec.input_size))
    raise ValueError(
        f"{volume.name}: {sides} voxels go through this network in several windows of {window}, so there is no one map of a "
        "signal: probe(..., native=True) shows it the whole volume at once, or cut out the part to look at"
    )


@torch.no_grad()
def run_tensor(model: nn.Module, image: Tensor) -> Tensor:
    """Logits of one prepared image (or volume), in eval mode."""
    dims = getattr(getattr(model, "spec", None), "dims", 2)
    batch = image[None] if image.ndim == dims + 1 else image
    if batch.ndim != dims + 2 or batch.shape[0] != 1:
        one = (
            "one image, 3 x H x W or 1 x 3 x H x W," if dims == 2 else "one volume, N x D x H x W or 1 x N x D x H x W,"
        )
        raise ValueError(f"{one} is expected, got {tuple(image.shape)}")
    with evaluating(model):
        return model(batch.to(next(model.parameters()).device))


def entropy_bits(probability: NDArray[Any]) -> NDArray[np.float32]:
    """-p log2 p - (1 - p) log2 (1 - p).

    >>> entropy_bits(np.array([0.0, 0.5, 1.0])).tolist()
    [0.0, 1.0, 0.0]
    """
    p = np.clip(probability.astype(np.float64), 1e-12, 1 - 1e-12)
    return np.round(-(p * np.log2(p) + (1 - p) * np.log2(1 - p)), 9).astype(np.float32)


def resized(values: NDArray[Any], size: tuple[int, ...] | None) -> NDArray[np.float32]:
    """A map at another size, bilinear, of a volume trilinear."""
    values = np.asarray(values, np.float32)
    if size is None or values.shape == tuple(size):
        return values
    if values.ndim == 3:
        return resize(torch.from_numpy(values)[None, None], size)[0, 0].numpy()
    return np.asarray(cv2.resize(values, (size[1], size[0]), interpolation=cv2.INTER_LINEAR), np.float32)
