"""Types: libclang judges the planned tree in memory. `check.check_types` is the way in.

Nothing is imported here: worker processes load this package and must start fast.
"""
