"""The drift machine: trees that are changed as time changes them, keeping their meaning; the port must not notice."""
