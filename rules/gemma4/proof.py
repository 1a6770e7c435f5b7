"""What Gemma 4 is proved with."""

from ..llama.proof import Proof
from .contract import CONTRACT

PROOF = Proof(CONTRACT)
