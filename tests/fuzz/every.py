"""All targets."""

from fuzz.data import MORE
from fuzz.targets import TARGETS

ALL = (*TARGETS, *MORE)
