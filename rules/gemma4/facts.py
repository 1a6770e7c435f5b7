"""What only Gemma 4 asks of a fork."""

from __future__ import annotations

from functools import cached_property

from ..llama.facts import Asked, Fact, member_of
from ..llama.fork import Fork


class Facts(Asked):
    """Facts beside those of the family."""

    def __init__(self, fork: Fork) -> None:
        self._fork = fork

    @cached_property
    def mask_padding(self) -> Fact[str]:
        """The macro whose multiples the rows of an attention mask are padded to; none in later forks."""
        graph, macro = self._fork.file("llama-graph.cpp"), self._fork.spelled("GGML_KQ_MASK_PAD")
        return Fact(macro, graph.where_of(macro)) if graph.mentions(macro) else Fact("", graph.where)

    @cached_property
    def halves_of_one_row(self) -> Fact[bool]:
        """Whether ggml works on one half of a row of its own: what is left of merged projections with one expert used.

        Older versions take the strides of dimensions of one into account (`ggml_is_contiguous_n`), and abort.
        """
        paths = [path for path in ("ggml/src/ggml.c", self._fork.path("ggml.c")) if self._fork.workspace.exists(path)]
        if not paths:
            return Fact(False, self._fork.file("llama-graph.cpp").where)
        source = self._fork.workspace.source(paths[0])
        offset = source.live.find(b"tensor->ne[i] != 1 && tensor->nb[i] != next_nb")
        return Fact(offset >= 0, source.where(max(offset, 0)))

    @cached_property
    def token_input(self) -> Fact[str]:
        """The member of the graph's result that holds the tokens."""
        return member_of(self._fork.file("llama-graph.h").struct("llm_graph_result"), ("t_inp_tokens", "t_tokens"))

    @cached_property
    def per_layer_table(self) -> Fact[str]:
        """The member of the model that holds the table of per-layer embeddings."""
        return member_of(self._fork.model, ("per_layer_tok_embd", "tok_embd_per_layer"))
