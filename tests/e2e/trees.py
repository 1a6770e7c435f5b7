"""The trees that are ported, built and run: one per dialect."""

from real.trees import Tree, cython, python

MEMBERS = cython("0.2.12")
"""Head sizes are members of the hyperparameters."""

FUNCTIONS = python("0.3.19")
"""Head sizes are functions of the layer."""

TREES: tuple[Tree, ...] = (MEMBERS, FUNCTIONS)
