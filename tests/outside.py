"""Where the material lies that is not part of the checkout: real images, and vectors computed with the authors' release.

BANET_EDU_SHARED names its folder (default: `shared` beside the checkout), BANET_EDU_DATA the real images alone.
"""

from __future__ import annotations

import os
from pathlib import Path

SHARED = Path(os.environ.get("BANET_EDU_SHARED") or Path(__file__).resolve().parents[2] / "shared")
DATA = Path(os.environ.get("BANET_EDU_DATA") or SHARED / "data")
REFERENCE = SHARED / "reference"
