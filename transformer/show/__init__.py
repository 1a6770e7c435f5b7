"""Printers: peers that turn one plan into text for people, a patch, or data."""
