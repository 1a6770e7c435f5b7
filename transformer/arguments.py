"""Arguments that several commands of the command line share."""

from __future__ import annotations

from pathlib import Path

import click

REPO = click.argument("repo", type=click.Path(path_type=Path))
ARCH = click.option("--arch", metavar="NAME",
                    help="The architecture, as model files name it; not needed where only one fits.")  # fmt: skip
PACKS = click.option("--packs", "folders", multiple=True, type=click.Path(path_type=Path), metavar="DIR",
                     help="A folder with more packs; Python in them is run.")  # fmt: skip
PRE_TYPES = click.option("--pre-type", "pre_types", multiple=True, metavar="NAME",
                         help="Bring this pre-tokenizer of the donor, too; with --from.")  # fmt: skip
FILE = click.Path(path_type=Path)
