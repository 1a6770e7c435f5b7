"""Which pre-tokenizers a draft brings: those that the donor's converter names for the architecture, and no others."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from casefile import example
from command import call
from gguf import GGUFReader

from rules.llama.donor import texts
from rules.llama.donor.draft import Provenance
from rules.llama.donor.read import read
from rules.llama.donor.tree import Tree
from rules.llama.donor.write import files
from rules.llama.running import Failed
from rules.llama.tokens import Answer, Tokens
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


# a donor as the judge of how texts are cut


def cut(text, pre):
    """Ids as some pre-tokenizer would give them: the name decides."""
    return [len(text), len(pre) if "1" in text else 0]


@pytest.fixture
def judged(monkeypatch):
    def judge(*named, knows=("one", "other"), spelled=None):
        """What is said of a fork that `knows` some names, and takes some for others."""

        def ask(program, model, given, *, special):
            pre = "".join(map(chr, GGUFReader(model).fields["tokenizer.ggml.pre"].parts[-1]))
            own = "fork" in program.parts
            if pre not in (knows if own else ("one", "other")):
                raise Failed("ended", f"unknown pre-tokenizer type: '{pre}'")
            taken = (spelled or {}).get(pre, pre) if own else pre
            return Answer([Tokens(cut(text, taken), text.encode(), b"") for text in given], {})

        monkeypatch.setattr(texts, "ask", ask)
        pack = SimpleNamespace(arch="novel", spec={"pretokenizers": [{"name": each} for each in named]})
        (found,) = texts.judge(pack, Path("donor"), Path("fork"))
        return found

    return judge


def test_the_same_texts_become_the_same_tokens(judged):
    found = judged("one", "other")
    assert (found.good, found.notes) == (True, ())
    assert found.text == f"{2 * texts.MANY} of {2 * texts.MANY} texts become the donor's tokens (one, other)"


def test_a_fork_that_cuts_otherwise_is_wrong(judged):
    found = judged("one", spelled={"one": "another"})
    assert found.good is False
    assert found.text.startswith(f"{sum('1' not in each for each in texts.texts())} of {texts.MANY} ")
    assert len(found.notes) == 1
    assert "becomes other tokens, from token 1 on" in found.notes[0]


def test_a_file_that_the_fork_refuses(judged):
    some, none = judged("one", "other", knows=["one"]), judged("one", knows=[])
    assert (some.good, some.notes) == (True, ("other: unknown pre-tokenizer type: 'other'",))
    assert none.good is False


def test_nothing_to_compare_is_not_proved(judged):
    assert judged().good is None
    unknown = judged("third")
    assert unknown.good is None
    assert "the donor reads no such file" in unknown.notes[0]


def test_the_vocabulary_shows_every_cut(tmp_path):
    """Whatever stands between two pieces, there are merges across it."""
    texts.write(tmp_path / "v.gguf", "novel", "one")
    field = GGUFReader(tmp_path / "v.gguf").fields["tokenizer.ggml.merges"]
    merges = [bytes(field.parts[at]).decode().split(" ") for at in field.data]
    joined = {left[-1] + right[0] for left, right in merges}
    blank, newline = "\u0120", "\u010a"
    assert {"12", f"{newline}{newline}", f"{blank}{blank}", f"{blank}{newline}"} <= joined
