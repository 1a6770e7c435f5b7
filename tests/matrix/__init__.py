"""Every architecture of a donor against every tree that lacks it: drafted, planned, type-checked, quiet."""
