"""The tokenizer `gemma4`: merges on raw UTF-8 over whole lines, blanks as U+2581, bytes as `<0xXX>`.

It is BPE, but not GPT-2's: no byte encoding, newline runs are words, nothing is cleaned up when text comes back.
Whatever is added is guarded by the pre-tokenizer type, so that other vocabularies stay as they are.
"""

from __future__ import annotations

import re

from transformer.cpp import Block, Function, If, Parameter, first
from transformer.errors import AnchorError
from transformer.outcome import Blocked, Outcome, Satisfied, all_of
from transformer.rule import rule

from ..llama.port import Port

ENCODE = Parameter("bool", "byte_encode", "true")
PRE_TYPE = "LLAMA_VOCAB_PRE_TYPE_GEMMA4"
MODEL = 'tokenizer_model == "gemma4"'
# A tokenizer that is BPE without one of these is worse than another one; each is of no use where it is another one.
PARTS = ("vocab.choice", "vocab.split", "vocab.newlines", "vocab.byte-fallback", "vocab.escape", "vocab.ranks",
         "vocab.bytes", "vocab.pieces", "vocab.splitter")  # fmt: skip
WHOLE = ("vocab.model", "vocab.pre-type")
BPE = "every BPE vocabulary"
ENCODES = "byte_encode is true for all pre-tokenizers but this one, and then the code does what it did before"
_SETTING = re.compile(r"(type|tokenizer_pre|special_\w+_id|add_\w+|clean_spaces)\s*=[^=]")
LINES = r'regex_expr == "[^\\n]+|[\\n]+"'


@rule("vocab.pre-type", "enum llama_vocab_pre_type knows the pre-tokenizer", needs=("vocab.model",))
def pre_type(port: Port) -> Outcome:
    """With the next free value; it is not stored in files."""
    return port.fork.file("llama-vocab.h").enum("llama_vocab_pre_type").add(PRE_TYPE)


@rule("vocab.model", "a file whose tokenizer is gemma4 is loaded as BPE with merges", needs=PARTS)
def model(port: Port) -> Outcome:
    """Its merges are read like GPT-2's; such a file names no pre-tokenizer and has no default special tokens.

    A branch that loads it as something else goes, where all that it does is to set the values that are set here.
    """
    load = port.fork.vocab_method("load")
    own = [each for each in load.ifs() if each.condition.holds(MODEL)]
    if any(each.body().mentions("LLAMA_VOCAB_TYPE_BPE") for each in own):
        return Satisfied(own[0].where)
    gpt2 = load.if_on('tokenizer_model == "gpt2"')
    for each in own:
        foreign = [one for one in each.body().statements() if not _SETTING.match(one.text)]
        if foreign or not each.condition.is_exactly(MODEL):
            why = "gemma4 is loaded, but not as BPE, and not by setting values only"
            return Blocked(why, (foreign or own)[0].where, "every text is cut into the wrong tokens")
    return all_of(
        *(each.drop() for each in own),
        gpt2.condition.widen(MODEL),
        gpt2.body().append(port.render("vocab_model.cpp.j2"), gap=True),
    )


@rule("vocab.choice", "the pre-tokenizer gemma4 is chosen by its name", needs=WHOLE)
def choice(port: Port) -> Outcome:
    """Text comes back as it went in: blanks before punctuation are not cleaned up."""
    chain = port.fork.vocab_method("load").if_on("tokenizer_pre.empty()")
    return chain.add_branch('tokenizer_pre == "gemma4"', port.render("vocab_choice.cpp.j2"))


@rule("vocab.bos", "a text starts with BOS, whatever the file says", needs=WHOLE)
def bos(port: Port) -> Outcome:
    """Files of the first days say that it does not."""
    load = port.fork.vocab_method("load")
    forced = [each for each in load.ifs() if each.condition.mentions(PRE_TYPE) and each.body().mentions("add_bos")]
    if forced:
        return Satisfied(forced[0].where)
    return load.if_on("LLM_KV_TOKENIZER_ADD_BOS").block().append(port.render("vocab_bos.cpp.j2"), gap=True)


@rule(
    "vocab.split",
    "a text is split into lines and runs of newlines, without byte encoding",
    needs=(*WHOLE, "vocab.splitter"),
    affects=BPE,
    safe=ENCODES,
    shown=("vocab.split/parameter_with_default",),
)
def split(port: Port) -> Outcome:
    """Into the switch of the BPE tokenizer, and through it into every call of the splitter."""
    tokenizer = port.fork.vocab.struct("llm_tokenizer_bpe")
    makers = (each for each in tokenizer.methods("llm_tokenizer_bpe") if each.is_definition)
    maker = first(makers, "constructor with a body", tokenizer)
    words = _session(port).call("unicode_regex_split")
    return all_of(
        tokenizer.add("bool byte_encode = true; // as GPT-2 does: bytes as printable characters", near=["regex_exprs"]),
        maker.switch("vocab.get_pre_type()").add_case(PRE_TYPE, port.render("vocab_split.cpp.j2")),
        _declared_splitter(port).give(words, ENCODE, "tokenizer.byte_encode"),
    )


@rule(
    "vocab.newlines",
    "a run of newlines that is a token stays one",
    needs=(*WHOLE, "vocab.split"),
    affects=BPE,
    safe=ENCODES,
    shown=("vocab.newlines/never_whole",),
)
def newlines(port: Port) -> Outcome:
    """The merges would build another one."""
    session = _session(port)
    if session.mentions("find_first_not_of"):
        return Satisfied(session.where)
    whole = session.if_on("vocab.get_ignore_merges()")
    return all_of(
        whole.insert_before(port.render("vocab_newlines.cpp.j2")),
        whole.condition.replace_each("vocab.get_ignore_merges()", "(vocab.get_ignore_merges() || is_newlines)"),
    )


@rule(
    "vocab.byte-fallback",
    "a character without a token is written as its bytes",
    needs=(*WHOLE, "vocab.split"),
    affects=BPE,
    safe=ENCODES,
    shown=("vocab.byte-fallback/other_local",),
)
def byte_fallback(port: Port) -> Outcome:
    """Byte tokens are called `<0xXX>`."""
    session = _session(port)
    byte = session.local(first(reversed(session.calls("text_to_token")), "token of a byte", session).arguments()[0])
    loop = byte.loop()
    if loop.mentions("byte_encode"):
        return Satisfied(loop.where)
    text, value = byte.variables[0], byte.initial()[-1]
    return byte.insert_after(port.render("vocab_byte_fallback.cpp.j2", text=text, byte=value))


@rule("vocab.escape", "blanks become U+2581 before a text is split", needs=WHOLE)
def escape(port: Port) -> Outcome:
    """In `tokenize`, behind the special tokens."""
    case = _bpe(port.fork.vocab_method("tokenize"))
    if case.mentions("llama_escape_whitespace"):
        return Satisfied(case.where)
    call = case.call("tokenize", "session")
    return call.statement_of().insert_before(port.render("vocab_escape.cpp.j2", text=call.arguments()[0]))


@rule(
    "vocab.ranks",
    "a merge may contain newlines",
    needs=WHOLE,
    affects=BPE,
    safe="merges without newlines are found as before: only an assertion about them goes",
    shown=("vocab.ranks/asserted",),
)
def ranks(port: Port) -> Outcome:
    """`find_bpe_rank` asserts that none does, which only byte encoding makes true."""
    find = port.fork.vocab.function("llama_vocab::find_bpe_rank")
    asserts = [each for each in find.calls(port.fork.spelled("GGML_ASSERT")) if each.holds(r"'\n'")]
    return find.remove_each(each.statement_of() for each in asserts)


@rule("vocab.bytes", "a byte token is a byte", needs=WHOLE)
def byte_tokens(port: Port) -> Outcome:
    """`token_to_byte` aborts for BPE, whose other vocabularies have no such tokens."""
    case = _bpe(port.fork.vocab_method("token_to_byte"))
    if case.mentions("substr"):
        return Satisfied(case.where)
    abort = case.call(port.fork.spelled("GGML_ABORT")).statement_of()
    code = abort.adapt_locals(port.render("vocab_bytes.cpp.j2"), {"token_data": "id_to_token.at(id)"})
    return abort.insert_before(code)


@rule("vocab.pieces", "tokens come back as the text they stand for", needs=WHOLE)
def pieces(port: Port) -> Outcome:
    """Raw text with blanks for U+2581, and bytes; GPT-2's decoding makes `[UNK_BYTE_0x0a]` of a newline."""
    case = _bpe(port.fork.vocab.function("llama_vocab::impl::token_to_piece", "buf"))
    if case.mentions("LLAMA_TOKEN_ATTR_BYTE"):
        return Satisfied(case.where)
    decoding = case.if_on("& LLAMA_TOKEN_ATTR_NORMAL")
    code = port.render(
        "vocab_pieces.cpp.j2",
        is_normal=decoding.condition.text,
        is_byte=decoding.condition.swapped({"LLAMA_TOKEN_ATTR_NORMAL": "LLAMA_TOKEN_ATTR_BYTE"}),
        text=decoding.call("llama_decode_text").arguments()[0],
        copy=decoding.body().statements()[-1].first_call().callee,
    )
    return decoding.insert_before(code)


@rule(
    "vocab.end",
    "a generation ends at <turn|>, <|tool_response> and <eos>, and not at </s>",
    needs=WHOLE,
    affects="every vocabulary",
    safe="the new ends count, and </s> does not, under this pre-tokenizer only",
    shown=("vocab.end/operator_behind",),
)
def end(port: Port) -> Outcome:
    """In this vocabulary `</s>` is an HTML tag, and in others `<eos>` and its like may be anything."""
    load = port.fork.vocab_method("load")
    ends = _end_of_generation(load)
    words = [f't.first == "{each}"' for each in ("<turn|>", "<|tool_response>", "<eos>")]
    parts: list[Outcome] = [
        Satisfied(ends.where)
        if ends.condition.holds(each)
        else ends.condition.widen(f"({each} && pre_type == {PRE_TYPE})")
        for each in words
    ]
    if ends.condition.holds('t.first == "</s>"') and not load.holds('text == "</s>"'):
        parts.append(ends.condition.narrow('t.first == "</s>"', f"pre_type != {PRE_TYPE}"))
    return all_of(*parts)


@rule(
    "vocab.splitter",
    "the splitter knows lines, and can leave out the byte encoding",
    needs=WHOLE,
    affects=BPE,
    safe="the new parameter is true by default, and a regular expression of its own chooses the new splitter",
    shown=("vocab.splitter/no_encoding",),
)
def splitter(port: Port) -> Outcome:
    """By hand: the regular expressions of the standard library recurse once per character of a line."""
    fork = port.fork
    choose, main = fork.unicode.function("unicode_regex_split_custom"), fork.unicode.function("unicode_regex_split")
    parts = [_declared_splitter(port).add_parameter(ENCODE), main.add_parameter(ENCODE)]
    if not main.mentions("byte_encode"):
        last = first(reversed(main.calls("unicode_byte_encoding_process")), "byte encoding", main)
        code = port.render("vocab_no_encoding.cpp.j2", words=last.arguments()[0])
        parts.append(last.statement_of().insert_before(code, gap=True))
    if not any(each.condition.holds(LINES) for each in choose.ifs()):
        parts.append(choose.add_before(port.render("vocab_lines.cpp.j2")))
        chain = first(choose.ifs(), "choice of a splitter", choose)
        known = choose.call("unicode_regex_split_custom_gpt2")
        code = port.render("vocab_lines_call.cpp.j2", offsets=known.statement_of().target, given=known.arguments())
        parts.append(chain.add_branch(LINES, code))
    return all_of(*parts)


def _declared_splitter(port: Port) -> Function:
    return port.fork.file("unicode.h").declaration("unicode_regex_split")


def _session(port: Port) -> Function:
    """The function that cuts one fragment of text into tokens."""
    return port.fork.vocab.struct("llm_tokenizer_bpe_session").method("tokenize", "text")


def _bpe(function: Function) -> Block:
    """What a function does for BPE vocabularies."""
    return function.switch("get_type()").case("LLAMA_VOCAB_TYPE_BPE")


def _end_of_generation(load: Function) -> If:
    """The one condition of many texts under which a token ends a generation; there is a twin for the end of a turn."""
    found = [e for e in load.ifs() if e.condition.holds('t.first == "<|im_end|>"') and e.mentions("special_eog_ids")]
    if len(found) != 1:
        raise AnchorError(f"the end-of-generation condition was found {len(found)} times", where=load.where)
    return found[0].sound()
