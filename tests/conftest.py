"""Makes `known_model` importable in the tests of prediction, comparison, plots and report."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
