"""`python -m oracle models DIR` writes the model files; `python -m oracle golden` makes golden logits and tokens anew.

Run it from the project's folder with `PYTHONPATH=tests`. The second needs torch, transformers and tokenizers; nothing else does.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from rules.gemma4.oracle import models, texts


def main() -> None:
    parser = argparse.ArgumentParser(prog="oracle", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("models", help="write the model files").add_argument("folder", type=Path)
    commands.add_parser("golden", help="make golden logits and tokens anew (torch, transformers, tokenizers)")
    arguments = parser.parse_args()
    if arguments.command == "models":
        for model in models.MODELS:
            print(models.checked(model, arguments.folder))
    else:
        from oracle import checkpoint, tokenizer

        checkpoint.regenerate()
        texts.FILE.write_text(json.dumps(tokenizer.expected(), indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
