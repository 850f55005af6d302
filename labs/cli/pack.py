"""`python3 -m labs pack`: the kit and all that a first start downloads, in one file for machines without a network."""

from __future__ import annotations

import argparse
from pathlib import Path

import labs
from labs.base.settings import Settings
from labs.base.text import size
from labs.cli.terminal import say

EXAMPLES = """\
python3 -m labs pack                    grava registry-labs-….tar.gz nesta pasta
python3 -m labs pack /media/pendrive/   grava no pendrive

Em cada computador, sem rede nenhuma:
  sha256sum -c registry-labs-….tar.gz.sha256 && tar xf registry-labs-….tar.gz
  cd registry-labs && python3 -m labs start"""


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "target", nargs="?", default=".", type=Path, metavar="ARQUIVO", help="arquivo ou pasta (padrão: esta pasta)"
    )


def run(chosen: argparse.Namespace) -> int:
    """Write the pack, and say what it is for and how it is used.

    Raises:
        LabError: something cannot be downloaded or written.
    """
    from labs.machine import pack, packing

    target = chosen.target / packing.default_name(labs.__version__) if chosen.target.is_dir() else chosen.target
    told = packing.write(Settings.load(), target.absolute(), say)
    here = pack.Contents.here()
    system = f", {here.system}" if here.system else ""
    say(f"Pacote: {target} ({size(target.stat().st_size)})")
    say(f"Serve em computadores como este: {here.machine}, Python {here.python}{system}.")
    say(f"SHA-256: {told.read_text('utf-8').split()[0]}")
    say(f"Em cada um:  sha256sum -c {told.name} && tar xf {target.name} && cd {packing.TOP} && python3 -m labs start")
    return 0
