"""Inputs that nobody would write: each ends in a plan or in an error of the user, in a bounded time, never a traceback."""

from fuzz.data import MORE
from fuzz.targets import TARGETS

ALL = (*TARGETS, *MORE)
