"""Tiny Gemma 4 models, what they must compute, and how to tell that a build computes it."""
