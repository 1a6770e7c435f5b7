"""Tiny models of every published shape, and the logits that transformers computes for them. Needs numpy and gguf."""
