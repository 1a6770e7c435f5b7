"""Tiny Muse Glimmer models and what they must compute. Needs numpy and gguf."""
