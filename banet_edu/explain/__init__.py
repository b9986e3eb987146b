"""Reading what happens inside a network, replacing it, and saying why a boundary failed.

>>> from banet_edu.explain import probe, intervene, effect, attribute, boundary_profile, why
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

_EXPORTS = {
    "probe": "banet_edu.explain.trace",
    "intervene": "banet_edu.explain.interventions",
    "knobs": "banet_edu.explain.interventions",
    "effect": "banet_edu.explain.before_after",
    "effects": "banet_edu.explain.before_after",
    "mean_effects": "banet_edu.explain.before_after",
    "zone_means": "banet_edu.explain.zones",
    "attribute": "banet_edu.explain.attribution",
    "boundary_profile": "banet_edu.explain.profiles",
    "cohort_profile": "banet_edu.explain.profiles",
    "why": "banet_edu.explain.causes",
}

__all__ = list(_EXPORTS)

if TYPE_CHECKING:
    from banet_edu.explain.attribution import attribute as attribute
    from banet_edu.explain.before_after import effect as effect
    from banet_edu.explain.before_after import effects as effects
    from banet_edu.explain.before_after import mean_effects as mean_effects
    from banet_edu.explain.causes import why as why
    from banet_edu.explain.interventions import intervene as intervene
    from banet_edu.explain.interventions import knobs as knobs
    from banet_edu.explain.profiles import boundary_profile as boundary_profile
    from banet_edu.explain.profiles import cohort_profile as cohort_profile
    from banet_edu.explain.trace import probe as probe
    from banet_edu.explain.zones import zone_means as zone_means


def __getattr__(name: str) -> Any:
    if name in _EXPORTS:
        value = getattr(import_module(_EXPORTS[name]), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'banet_edu.explain' has no attribute {name!r}; it exports {', '.join(_EXPORTS)}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_EXPORTS])
