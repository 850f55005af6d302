"""A command line that speaks Portuguese: the texts of argparse, and the one class of all parsers.

argparse asks gettext for its texts, which would need a compiled catalogue and `LANGUAGE` in everybody's environment,
since the machines of most learners speak another locale. So its two functions are replaced, here and nowhere else.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

TEXTS = {
    "usage: ": "uso: ",
    "options": "opções",
    "positional arguments": "argumentos",
    "show this help message and exit": "mostra esta ajuda",
    "the following arguments are required: %s": "falta: %s",
    "unrecognized arguments: %s": "não conheço: %s",
    "argument %(argument_name)s: %(message)s": "%(argument_name)s: %(message)s",
    "invalid choice: %(value)r (choose from %(choices)s)": "%(value)r não existe; escolha entre %(choices)s",
    "unknown parser %(parser_name)r (choices: %(choices)s)": "%(parser_name)r não existe; escolha entre %(choices)s",
    "invalid %(type)s value: %(value)r": "valor inválido: %(value)r",
    "expected one argument": "falta o valor",
    "expected at most one argument": "é no máximo um valor",
    "expected at least one argument": "falta ao menos um valor",
    "expected %s argument": "falta %s valor",
    "expected %s arguments": "faltam %s valores",
    "ignored explicit argument %r": "esta opção não leva valor: %r",
    "not allowed with argument %s": "não combina com %s",
    "one of the arguments %s is required": "falta uma destas: %s",
    "ambiguous option: %(option)s could match %(matches)s": "%(option)s pode ser %(matches)s",
}
_NUMBER = re.compile(r"-\d")


def _text(text: str) -> str:
    return TEXTS.get(text, text)


def _texts(one: str, many: str, count: int) -> str:
    return _text(one if count == 1 else many)


for _name, _function in (("_", _text), ("ngettext", _texts)):
    setattr(argparse, _name, _function)


class Parser(argparse.ArgumentParser):
    """Every parser of the kit. An option counts only as it stands in the help: `--ye` is a slip, not `--yes`."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        named.setdefault("allow_abbrev", False)
        named.setdefault("formatter_class", argparse.RawDescriptionHelpFormatter)
        super().__init__(*arguments, **named)

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> tuple[Any, list[str]]:
        """As argparse does, but that `-13h` is a value as `-13` is: no option of the kit begins with a digit."""
        return super().parse_known_args(_with_values(sys.argv[1:] if args is None else args), namespace)

    def error(self, message: str) -> NoReturn:
        """Say what was not understood and how to see what is; exit code 2."""
        self.print_usage(sys.stderr)
        self.exit(2, f"{self.prog}: erro: {message}\nPróximo comando: {self.prog} " + "--help\n")


def _with_values(words: Sequence[str]) -> list[str]:
    first = next((index for index, word in enumerate(words) if _NUMBER.match(word)), None)
    if first is None or "--" in words:
        return list(words)
    return [*words[:first], "--", *words[first:]]
