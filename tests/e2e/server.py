"""`PYTHONPATH=tests python -m e2e.server LLAMA_SERVER`: a chat with a model that is known to say one thing.

The model has the real vocabulary and chat template. Its layers add nothing to the residual stream, and its output
matrix leads from each token of the answer to the next, so whatever is asked it says `ANSWER` and ends the turn. What is
shown is the way there and back: template, tokenizer, loader, end of generation, detokenizer, stream.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

import gguf
import numpy as np

from e2e import vocabulary
from rules.gemma4.oracle import files
from rules.gemma4.oracle.variants import Variant
from rules.gemma4.oracle.weights import gguf_tensors

ANSWER = ("Two", " lines", "\n\n", "and", "\t", "a", " tab", ",", "中文", "👍", "\n\n\n", "end", ".")
# A prompt ends with one or the other, as the template has it; the answer holds neither.
LAST_OF_PROMPT, END = ("\n", "<channel|>"), "<turn|>"
SILENT = ("attn_output.weight", "ffn_down.weight")
SHAPE = Variant("parrot", hidden=64, width=64, layers=6, period=3, heads=2, kv_heads=1, head=32, full_head=64,
                window=24, tail=3, context=512)  # fmt: skip
PATIENCE = 120  # seconds


def write(path: Path) -> None:
    """The model: keys of the real vocabulary file, sizes of our own."""
    known = gguf.GGUFReader(vocabulary.path())
    tokens = [str(text) for text in known.fields["tokenizer.ggml.tokens"].contents()]
    rng = np.random.RandomState(1)
    embedding = rng.standard_normal((len(tokens), SHAPE.hidden)).astype(np.float32)
    output = np.zeros_like(embedding)
    answer = [tokens.index(text.replace(" ", "▁")) for text in (*ANSWER, END)]
    before = [[tokens.index(text) for text in LAST_OF_PROMPT], *([each] for each in answer)]
    for these, following in zip(before, answer, strict=False):
        output[following] = embedding[these].sum(0)
    tensors = {**gguf_tensors(SHAPE), "token_embd.weight": embedding, "output.weight": output}
    writer = gguf.GGUFWriter(str(path), "gemma4")
    files.metadata(writer, SHAPE)
    for name, field in known.fields.items():
        if name.startswith("tokenizer."):
            files.copy_key(writer, field)
    for name, tensor in tensors.items():
        writer.add_tensor(name, np.zeros_like(tensor) if name.endswith(SILENT) else tensor)
    files.finish(writer)


@contextmanager
def serving(program: Path, model: Path) -> Iterator[str]:
    """The address of a server with the model."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = ("--host", "127.0.0.1", "--port", str(port), "-c", "512", "-np", "1", "-t", "2", "--jinja", "--no-warmup")
    with tempfile.TemporaryFile() as log, subprocess.Popen(
        [str(program), "-m", str(model), *options], stdout=log, stderr=log
    ) as process:
        try:
            _wait(f"http://127.0.0.1:{port}", process)
            yield f"http://127.0.0.1:{port}"
        except BaseException:
            log.seek(0)
            print(log.read().decode(errors="replace")[-4000:], file=sys.stderr)
            raise
        finally:
            process.terminate()


def _wait(address: str, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and process.poll() is None:
        try:
            with urlopen(f"{address}/health", timeout=5):
                return
        except (URLError, OSError):
            time.sleep(0.2)
    raise RuntimeError("the server does not answer")


def post(address: str, **body: Any) -> str:
    request = Request(address, json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urlopen(request, timeout=PATIENCE) as answer:
        return str(answer.read().decode())


def chat(address: str) -> Iterator[tuple[str, bool]]:
    """What was looked at, and whether it is as it must be."""
    said = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "a\n\n\tb  c\n"}]
    prompt = json.loads(post(f"{address}/apply-template", messages=said))["prompt"]
    yield f"the prompt: {prompt!r}", "<|turn>user\na\n\n\tb  c<turn|>\n<|turn>model\n" in prompt

    whole = json.loads(post(f"{address}/v1/chat/completions", messages=said, temperature=0, max_tokens=64))
    choice = whole["choices"][0]
    content = choice["message"]["content"]
    yield f"the answer: {content!r}", content == "".join(ANSWER)
    yield f"it ends with {choice['finish_reason']!r}", choice["finish_reason"] == "stop"
    used = whole["usage"]["completion_tokens"]
    yield f"its tokens: {used}", used == len(ANSWER) + 1

    stream = post(f"{address}/v1/chat/completions", messages=said, temperature=0, max_tokens=64, stream=True)
    events = [line.removeprefix("data: ") for line in stream.splitlines() if line.startswith("data: {")]
    pieces = [json.loads(event)["choices"][0]["delta"].get("content") for event in events]
    yield f"{len(pieces)} pieces in a stream", "".join(filter(None, pieces)) == "".join(ANSWER)

    kept = 0
    for text in vocabulary.EXAMPLES:
        tokens = json.loads(post(f"{address}/tokenize", content=text))["tokens"]
        kept += json.loads(post(f"{address}/detokenize", tokens=tokens))["content"] == text
    yield f"{kept} of {len(vocabulary.EXAMPLES)} texts come back", kept == len(vocabulary.EXAMPLES)


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        model = Path(folder) / "parrot.gguf"
        write(model)
        with serving(Path(sys.argv[1]), model) as address:
            found = list(chat(address))
    for what, good in found:
        print("right" if good else "WRONG", what)
    return 0 if all(good for _, good in found) else 1


if __name__ == "__main__":
    sys.exit(main())
