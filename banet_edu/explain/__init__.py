"""Reading what happens inside a network, replacing it, and saying why a boundary failed.

>>> from banet_edu.explain import probe, intervene, effect, attribute, boundary_profile, why
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
