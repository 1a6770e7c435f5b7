"""llama.cpp and its forks: how to know such a tree, what differs between them, the rules they share."""

from transformer.pack import Family

from .facts import evidence
from .fork import recognise
from .port import open_port
from .proof import compute, prove
from .running import RECIPE

FAMILY = Family(
    name="llama.cpp",
    recognise=recognise,
    open=open_port,
    facts=evidence,
    prove=prove,
    recipe=RECIPE,
    compute=compute,
    includes=("include", "ggml/include", "src", "src/models", "ggml/src", "common", "vendor", "cpp", "cpp/common"),
)
