"""Helpers of the tests are imported by their bare names, packs below `rules`."""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]
