"""Port an architecture into a C++ fork: find by meaning, plan, verify, write."""

__version__ = "0.1.0"
