"""banet-edu: BA-Net with every inner signal visible, and boundary error in millimetres.

What a notebook starts with is exported here, lazily (`__init__.pyi` lists it): `import banet_edu` itself loads nothing heavy.

>>> import banet_edu
>>> "create_model" in dir(banet_edu)
True
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
