"""Tiny Gemma 4 models and what they must compute. Needs numpy and gguf."""
