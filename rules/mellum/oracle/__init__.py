"""Tiny Mellum 2 models and what they must compute. Needs numpy and gguf."""
