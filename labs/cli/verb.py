"""A command of the kit as data: its name, what it does, its arguments, and what runs."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass

from labs.cli.portuguese import Parser

Handler = Callable[[argparse.Namespace], int]
Arguments = Callable[[argparse.ArgumentParser], None]


def no_arguments(_: argparse.ArgumentParser) -> None:
    """For a command that takes none."""


def port(text: str) -> int:
    """A TCP port, as an option's type."""
    number = int(text)
    if not 1 <= number <= 65535:
        raise argparse.ArgumentTypeError("a porta vai de 1 a 65535")
    return number


@dataclass(frozen=True)
class Verb:
    """One verb of `python3 -m labs`.

    Attributes:
        name: the verb. Those that lessons name are modules too: `python3 -m labs.NAME`.
        help: what it does, one Portuguese sentence without its full stop.
        handler: does it; gives the exit code, and may raise anything (`labs/cli/main.py` turns it into text).
        arguments: adds its options to a parser.
        examples: shown below the help.
        interrupted: what is said after Ctrl-C, or where a question found no answer.
    """

    name: str
    help: str
    handler: Handler
    arguments: Arguments = no_arguments
    examples: str = ""
    interrupted: str = "Interrompido."

    def parser(self, program: str) -> Parser:
        """The command's parser, under the name that the person typed."""
        return self.fill(Parser(prog=program, description=self._description(), epilog=self.examples))

    def add_to(self, verbs: argparse._SubParsersAction[Parser]) -> None:
        """The command as a verb among others."""
        self.fill(verbs.add_parser(self.name, help=self.help, description=self._description(), epilog=self.examples))

    def fill(self, parser: Parser) -> Parser:
        """Give a parser the command's arguments."""
        self.arguments(parser)
        parser.set_defaults(verb=self.name)
        return parser

    def _description(self) -> str:
        return f"{self.help[0].upper()}{self.help[1:]}."
