"""A port as commits: one, or a series that a maintainer can read one by one."""
