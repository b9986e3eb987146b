"""banet-edu: BA-Net with every inner signal visible, and boundary error in millimetres.

What a notebook starts with is exported here, lazily: `import banet_edu` itself loads nothing heavy.

>>> import banet_edu
>>> "create_model" in dir(banet_edu)
True
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_EXPORTS = {
    "create_model": "banet_edu.models.registry",
    "load_model": "banet_edu.models.weights",
    "open_dataset": "banet_edu.data.formats",
    "load_samples": "banet_edu.data.bundled",
    "make_phantom": "banet_edu.data.phantoms",
    "predict": "banet_edu.prediction",
    "fit": "banet_edu.training.loop",
    "compare": "banet_edu.comparison",
}

__all__ = [*_EXPORTS, "__version__"]

if TYPE_CHECKING:
    from banet_edu.comparison import compare as compare
    from banet_edu.data.bundled import load_samples as load_samples
    from banet_edu.data.formats import open_dataset as open_dataset
    from banet_edu.data.phantoms import make_phantom as make_phantom
    from banet_edu.models.registry import create_model as create_model
    from banet_edu.models.weights import load_model as load_model
    from banet_edu.prediction import predict as predict
    from banet_edu.training.loop import fit as fit


def __getattr__(name: str) -> Any:
    if name in _EXPORTS:
        value = getattr(import_module(_EXPORTS[name]), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'banet_edu' has no attribute {name!r}; it exports {', '.join(_EXPORTS)}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_EXPORTS])
