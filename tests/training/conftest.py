"""Makes `training_helpers` importable: the tests here share it with the scripts they start as processes of their own."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
