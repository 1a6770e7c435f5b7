"""Which pre-tokenizers a draft brings: those that the donor's converter names for the architecture, and no others."""

import pytest
from casefile import example
from command import call

from rules.llama.donor.draft import Provenance
from rules.llama.donor.read import read
from rules.llama.donor.tree import Tree
from rules.llama.donor.write import files
from transformer.errors import UsageError
from transformer.workspace import MemoryStore, Workspace

CONVERTER = '''
@ModelBase.register("Gemma3ForCausalLM", "Refact2ForCausalLM")
class Gemma3Model(TextModel):
    model_arch = gguf.MODEL_ARCH.GEMMA3

    def set_vocab(self):
        self.gguf_writer.add_tokenizer_pre("gpt-4o")


class Derived(Gemma3Model):
    def set_vocab(self):
        self.gguf_writer.add_tokenizer_pre("qwen2")


@ModelBase.register("Jais2ForCausalLM")
class Jais2Model(TextModel):
    model_arch = gguf.MODEL_ARCH.JAIS2

    def set_vocab(self):
        self.gguf_writer.add_tokenizer_pre("llama3")
'''


def drafted(converter, *named, path="conversion/gemma.py"):
    store = MemoryStore({**example("miniclasses"), **({path: converter.encode()} if converter else {})})
    return read(Tree(Workspace(store)), "gemma3", Provenance("donor", "", (), "a licence"), named)


def names(draft):
    return {each.name for each in draft.pretokenizers}


@pytest.mark.parametrize("path", ["conversion/gemma.py", "convert_hf_to_gguf.py"])
def test_those_of_the_architecture(path):
    assert names(drafted(CONVERTER, path=path)) == {"gpt-4o", "qwen2", "refact"}


def test_how_the_donor_cuts_comes_along():
    found = {each.name: each for each in drafted(CONVERTER, "llama-bpe").pretokenizers}
    refact, llama = found["refact"], found["llama-bpe"]
    assert refact.expressions == ["\\p{N}", "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)"]
    assert (refact.enumerator, refact.like, refact.sets, refact.elsewhere) == ("LLAMA_VOCAB_PRE_TYPE_REFACT", [], [], "")
    assert llama.like == ["llama3", "llama-v3"]
    assert llama.sets == ["ignore_merges = true;", "add_bos = true;"]


def test_the_pack_says_the_same():
    text = files(drafted(CONVERTER))["gemma3/pack.toml"]
    assert '{ name = "refact", enumerator = "LLAMA_VOCAB_PRE_TYPE_REFACT", expressions = [\n    "\\\\p{N}",\n' in text


@pytest.mark.parametrize(
    "converter",
    ["", "model_arch = gguf.MODEL_ARCH.GEMMA3", CONVERTER.replace("GEMMA3", "GPT2"), CONVERTER + "\n(", "MODEL_ARCH.GEMMA3" + "(" * 100_000],
    ids=["none", "no class", "another architecture", "not Python", "deep"],
)
def test_nothing_is_guessed(converter):
    assert names(drafted(converter)) == set()
    assert names(drafted(converter, "gpt-2")) == {"gpt-2"}


def test_one_that_is_named_is_known_to_the_donor():
    with pytest.raises(UsageError, match="the donor has no pre-tokenizer 'jais-3'") as error:
        drafted(CONVERTER, "jais-3")
    assert "it has: jais-2" in error.value.help


def test_it_needs_a_donor(tree):
    for words in (["run", tree], ["rules", "new", "x"]):
        said = call(*words, "--pre-type", "gpt-2")
        assert (said.code, "--pre-type names a pre-tokenizer of a donor: say --from DONOR as well" in said.err) == (2, True), said.said
