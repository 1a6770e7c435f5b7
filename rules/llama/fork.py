"""The anchors: named places of a llama.cpp tree, found by meaning."""

from __future__ import annotations

import re
from functools import cached_property

from transformer.cpp import CppFile, Enum, Function, Struct, Switch, Table
from transformer.errors import UsageError
from transformer.workspace import Workspace

FOLDERS = ("src/", "cpp/", "")
"""Where the library may lie: with its headers and ggml beside it, or flat, in a folder or in the tree itself."""
_OF_GGML = re.compile(r"\b(?:(ggml_|gguf_)|(GGML_|GGUF_))")


def sources_of(workspace: Workspace) -> str:
    """The folder of the library, with its slash; the usual one where there is none."""
    return next((each for each in FOLDERS if workspace.exists(f"{each}llama-arch.h")), FOLDERS[0])


def recognise(workspace: Workspace) -> None:
    """Raises `UsageError` where the tree has no `enum llm_arch`."""
    if not workspace.exists(f"{sources_of(workspace)}llama-arch.h"):
        raise UsageError(
            "not a llama.cpp tree: no src/llama-arch.h, no cpp/llama-arch.h, no llama-arch.h in the folder itself",
            help="give the folder that holds src/, ggml/ and include/ of the fork, or its flat cpp/",
        )


class Fork:
    """A tree and its anchors. An anchor raises `AnchorError` where it is missing or doubtful."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace

    @cached_property
    def sources(self) -> str:
        """The folder of the library, with its slash."""
        return sources_of(self.workspace)

    @property
    def builders(self) -> str:
        """The folder of the builders, with its slash."""
        return f"{self.sources}models/"

    def path(self, name: str) -> str:
        """The path of a file of the library, by its path below the folder of the library."""
        return self.sources + name

    def ggml(self, name: str) -> str:
        """The path of a file of ggml, by its path below `ggml/`; flat trees leave out the first folder of that."""
        own = self.path(name.partition("/")[2])
        return own if self.workspace.exists(own) else f"ggml/{name}"

    def file(self, name: str) -> CppFile:
        """A file of the library."""
        return self.workspace.file(self.path(name))

    def list(self, folder: str) -> list[str]:
        """The paths of the files in a folder of the tree, which is given with its slash."""
        return self.workspace.list(folder.rstrip("/"))

    def has_file(self, name: str) -> bool:
        """Whether the library has the file."""
        return self.workspace.exists(self.path(name))

    # spelling

    @cached_property
    def prefix(self) -> str:
        """What stands before `ggml_`: some forks rename it, so that two copies can be linked."""
        file = self.file("llama-model.h")
        for struct in (file.struct(each) for each in ("llama_layer", "llama_model") if file.has("struct", each)):
            for field in struct.fields:
                if match := re.search(r"(?<!\w)(\w*)ggml_tensor$", struct.type_of(field)):
                    return match.group(1)
        return ""

    def spelled(self, code: str) -> str:
        """`code` with the names of ggml as this fork spells them."""
        if not _OF_GGML.search(code) or not self.prefix:
            return code
        return _OF_GGML.sub(lambda m: (self.prefix if m[1] else self.prefix.upper()) + m[0], code)

    # names

    @property
    def architectures(self) -> Enum:
        """`enum llm_arch`."""
        return self.file("llama-arch.h").enum("llm_arch")

    @property
    def architecture_names(self) -> Table:
        """Architecture to the name in the file."""
        return self.file("llama-arch.cpp").table("LLM_ARCH_NAMES")

    @property
    def keys(self) -> Enum:
        """`enum llm_kv`."""
        return self.file("llama-arch.h").enum("llm_kv")

    @cached_property
    def key_names(self) -> Table:
        """Key to its name in the file."""
        return self.file("llama-arch.cpp").table("LLM_KV_NAMES")

    @property
    def tensors(self) -> Enum:
        """`enum llm_tensor`."""
        return self.file("llama-arch.h").enum("llm_tensor")

    @cached_property
    def tensor_names(self) -> Table:
        """Tensor to its name; in older trees, architecture to such a table."""
        return self._table("LLM_TENSOR_NAMES")

    @property
    def tensor_sets(self) -> Switch:
        """The switch that lists the tensors of each architecture."""
        return self.file("llama-arch.cpp").function("llm_get_tensor_names").switch("arch")

    @cached_property
    def tensor_infos(self) -> Table:
        """Tensor to its layer class and the operation that reads it."""
        return self._table("LLM_TENSOR_INFOS")

    def _table(self, name: str) -> Table:
        """A table of tensors; one fork has it beside the model."""
        usual, other = self.file("llama-arch.cpp"), self.file("llama-model.cpp")
        return other.table(name) if not usual.has("table", name) and other.has("table", name) else usual.table(name)

    # model

    @property
    def hparams(self) -> Struct:
        """`struct llama_hparams`."""
        return self.file("llama-hparams.h").struct("llama_hparams")

    @property
    def model(self) -> Struct:
        """`struct llama_model`."""
        return self.file("llama-model.h").struct("llama_model")

    @property
    def layer(self) -> Struct:
        """`struct llama_layer`: tensor pointers only, other code walks it as an array of them."""
        return self.file("llama-model.h").struct("llama_layer")

    @property
    def types(self) -> Enum:
        """`enum llm_type`: the size labels."""
        return self.file("llama-model.h").enum("llm_type")

    @property
    def type_names(self) -> Switch:
        """The switch from size label to text."""
        file = self.file("llama-model.cpp")
        return file.function("llm_type_name").switch("type")

    def method(self, name: str) -> Function:
        """A member function of `llama_model`."""
        return self.file("llama-model.cpp").function(f"llama_model::{name}")

    @property
    def rope_types(self) -> Switch:
        """The switch that gives each architecture its rope type."""
        return self.file("llama-model.cpp").function("llama_model_rope_type").switch("arch")

    # graph and cache

    @cached_property
    def graph(self) -> Struct:
        """`struct llm_graph_context`: what a builder can call."""
        return self.file("llama-graph.h").struct("llm_graph_context")

    @property
    def graph_source(self) -> CppFile:
        """`llama-graph.cpp`."""
        return self.file("llama-graph.cpp")

    @property
    def cache_name(self) -> str:
        """The class of the KV cache; its files are named after it."""
        return "llama_kv_cache" if self.has_file("llama-kv-cache.cpp") else "llama_kv_cache_unified"

    @property
    def cache_file(self) -> str:
        """What the files of the KV cache are called."""
        return self.cache_name.replace("_", "-")

    def cache(self, name: str) -> Function:
        """A member function of the KV cache."""
        return self.cache_source.function(f"{self.cache_name}::{name}")

    @property
    def cache_source(self) -> CppFile:
        """Where the KV cache is defined."""
        return self.file(f"{self.cache_file}.cpp")

    @property
    def cache_class(self) -> Struct:
        """The KV cache as it is declared."""
        return self.file(f"{self.cache_file}.h").struct(self.cache_name)

    @property
    def window_input(self) -> str:
        """The class of the graph's attention input with two caches."""
        return f"llm_graph_input_attn_{self.cache_name.removeprefix('llama_').replace('_cache', '')}_iswa"

    # vocabulary

    @property
    def vocab(self) -> CppFile:
        """`llama-vocab.cpp`."""
        return self.file("llama-vocab.cpp")

    def vocab_method(self, name: str) -> Function:
        """A member function of `llama_vocab::impl`."""
        return self.vocab.function(f"llama_vocab::impl::{name}")

    @property
    def unicode(self) -> CppFile:
        """`unicode.cpp`."""
        return self.file("unicode.cpp")
