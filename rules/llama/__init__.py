"""llama.cpp and its forks: how to know such a tree, what differs between them, the rules they share."""

from transformer.family import Family

from .facts import asked, shown
from .features import RULES, offer
from .fork import recognise
from .port import collections, open_port, written
from .proof import compute, prove
from .reference import reference
from .running import RECIPE
from .series import PARTS
from .spec import naming, own_names
from .words import WORDS

FAMILY = Family(
    name="llama.cpp",
    recognise=recognise,
    offer=offer,
    known=RULES,
    open=open_port,
    facts=lambda port: list(shown(collections(port))),
    written=written,
    templates="llama",
    includes=("include", "ggml/include", "src", "src/models", "ggml/src", "common", "vendor", "cpp", "cpp/common", "."),
    prove=prove,
    recipe=RECIPE,
    compute=compute,
    words=WORDS,
    own=own_names,
    asked=lambda port: list(asked(collections(port))),
    parts=PARTS,
    naming=naming,
    skeleton="new",
    reference=reference,
)  # fmt: skip
