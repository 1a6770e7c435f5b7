"""Ports real trees, builds them for the CPU and runs the tiny models on what came out."""
