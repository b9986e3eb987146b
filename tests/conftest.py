"""Makes what several test files share (such as `known_model` and `pictures`) importable."""

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
pytest.register_assert_rewrite("browser_lessons")  # its assertions say what was found

if "PYTEST_XDIST_WORKER" in os.environ:
    # `pytest -n 2`: workers of two torch threads each would wait for one another on two cores. Read when torch is imported.
    os.environ |= {"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}
