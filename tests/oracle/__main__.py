"""Model files and golden logits of an architecture, by the name of its pack.

`python -m oracle models PACK DIR` writes the model files; `python -m oracle golden PACK` makes golden logits and tokens
anew. Run it from the project's folder with `PYTHONPATH=tests`. The second needs torch, transformers and tokenizers;
nothing else does.
"""

from __future__ import annotations

import argparse
import importlib
from pathlib import Path

PACKS = ("gemma4", "mellum", "muse-glimmer")


def main() -> None:
    parser = argparse.ArgumentParser(prog="oracle", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    writing = commands.add_parser("models", help="write the model files")
    making = commands.add_parser("golden", help="make golden logits and tokens anew (torch, transformers, tokenizers)")
    for each in (writing, making):
        each.add_argument("pack", choices=PACKS)
    writing.add_argument("folder", type=Path)
    arguments = parser.parse_args()
    name = arguments.pack.replace("-", "_")
    if arguments.command == "models":
        models = importlib.import_module(f"rules.{name}.oracle.models")
        for model in models.MODELS:
            print(models.checked(model, arguments.folder))
    else:
        importlib.import_module(f"oracle.{name}").regenerate()


if __name__ == "__main__":
    main()
