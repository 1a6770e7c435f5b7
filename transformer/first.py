"""What `python -m transformer` must not take from the working folder, taken before Python looks there.

For `-m`, Python puts the working folder in front of the path. In a tree with a `transformer.py` of its own, or with a
namesake of what `runpy` imports, that would be the program. In a wheel, `first.pth` lies beside the packages: Python
reads it when it starts and, only where its command line names this module, imports this file. Then `transformer` is
known already, and nobody asks the working folder.
"""

import runpy

__all__ = ["runpy"]
