"""Mellum 2: what only this architecture needs."""
