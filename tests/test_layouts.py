"""Where the files lie and what ggml is called do not matter: the same is ported, under other names."""

import re

from casefile import example

from transformer import pack, plan
from transformer.outcome import Blocked, NotNeeded
from transformer.workspace import MemoryStore, Workspace

FLAT = (("src/models/", "cpp/models/"), ("src/", "cpp/"), ("ggml/include/", "cpp/"), ("include/", "cpp/"))


def flat(path):
    return next((new + path.removeprefix(old) for old, new in FLAT if path.startswith(old)), path)


def prefixed(data):
    return re.sub(rb"\b(g(?:gml|guf)_|G(?:GML|GUF)_)", lambda m: (b"lm_" if m[0][:1] == b"g" else b"LM_") + m[0], data)


def ported(files):
    gemma = pack.load("gemma4", pack.home())
    tree = Workspace(MemoryStore(files))
    gemma.family.recognise(tree)
    made = plan.make(gemma, tree)
    assert not made.blocked
    assert plan.make(gemma, made.after).state == "complete"
    facts = {fact.name: (fact.value, fact.where) for fact in made.facts}
    return made, {path: made.bytes_after(path) for path in made.paths}, facts


def unspaced(data):
    """Lines are wrapped and columns set by the length of names."""
    return re.sub(rb"\s+", b"", data)


def test_flat_and_prefixed_is_ported_the_same():
    normal = {path: data for path, data in example().items() if path != "src/CMakeLists.txt"}
    renamed = {flat(path): prefixed(data) for path, data in normal.items()}
    _, texts, facts = ported(normal)
    made, others, known = ported(renamed)
    assert known["builders"][1] == facts["builders"][1].replace("src/", "cpp/")
    assert others.keys() == {flat(path) for path in texts}
    assert b"LM_GGML_TYPE_F32" in others["cpp/models/gemma4-iswa.cpp"]
    for path, data in texts.items():
        assert unspaced(others[flat(path)]) == unspaced(prefixed(data)), path
    sources = next(step for step in made.steps if step.rule.name == "graph.sources")
    assert isinstance(sources.outcome, NotNeeded)


def test_a_fork_that_is_split_in_another_way_is_told_where_its_switches_are():
    files = dict(example())
    text = files["src/llama-model.cpp"].replace(b"void llama_model::load_hparams", b"static void llm_load_hparams")
    files |= {"src/llama-model.cpp": b"// nothing\n", "src/llama-hparams.cpp": text}
    gemma = pack.load("gemma4", pack.home())
    tree = Workspace(MemoryStore(files))
    made = plan.make(gemma, tree)
    why = {s.rule.name: s.outcome for s in made.blocked}
    assert made.state == "absent"
    assert isinstance(why["load.hparams"], Blocked)
    assert re.fullmatch(r"src/llama-hparams\.cpp:\d+", why["load.hparams"].where)
    assert "llm_load_hparams (src/llama-hparams.cpp:" in why["load.hparams"].why
    assert "architectures" not in {fact.name for fact in made.facts}


def test_the_table_of_tensors_may_stand_beside_the_model():
    files = dict(example())
    arch = files["src/llama-arch.cpp"]
    start = arch.index(b"static const std::map<llm_tensor, const char *> LLM_TENSOR_NAMES")
    end = arch.index(b"};\n", start) + 3
    files |= {
        "src/llama-arch.cpp": arch[:start] + arch[end:],
        "src/llama-model.cpp": files["src/llama-model.cpp"] + b"\n" + arch[start:end],
    }
    _made, texts, facts = ported(files)
    assert facts["tensor names"][1].startswith("src/llama-arch.cpp") or "src/llama-model.cpp" in facts["tensor names"][1]
    assert b"layer_output_scale" in texts["src/llama-model.cpp"]
