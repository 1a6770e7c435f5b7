"""Inputs that nobody would write: each ends in a plan or in an error of the user, in a bounded time, never a traceback."""
