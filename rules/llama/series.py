"""How a port is cut into commits: in the order in which each compiles without those behind it."""

from transformer.family import Part

PARTS = (
    Part("names, keys and tensors", ("arch.*", "model.*", "quant.*")),
    Part("head sizes and cache", ("heads.*", "cache.*", "experts.*")),
    Part("loader and saver", ("load.*", "saver.*")),
    Part("vocabulary", ("vocab.*",)),
    Part("graph builder", ("graph.*",)),
)
"""What no pattern names goes into the last one."""
