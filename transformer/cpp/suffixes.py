"""The suffixes of files of C and C++: the one table of the engine."""

UNITS = (".cpp", ".cc", ".cxx", ".c")  # what a compiler is called with
HEADERS = (".h", ".hpp", ".hh", ".hxx", ".inc", ".inl", ".ipp", ".def")  # what a unit includes
FOREIGN = (".cu", ".cuh", ".m", ".mm", ".metal")  # code, but of a language that is not parsed here
CODE = (*UNITS, *HEADERS)
