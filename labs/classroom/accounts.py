"""Who may log in to a class, and the code that each one gets: a file that the teacher keeps."""

from __future__ import annotations

import hmac
import json
import re
import secrets
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path

from labs.base.errors import LabError, StateError
from labs.base.files import write_atomic

TEACHER = "prof"
MOST = 200
"""Learners of one class: each has a network of their own (`labs/classroom/subnets.py`), and the board reads one page of
them (deploy/hub/jupyterhub_config.py)."""
LETTERS = "23456789abcdefghjkmnpqrstuvwxyz"
"""None that is read for another one on a slip of paper."""
GROUPS, GROUP = 2, 4
NAME_RULE = re.compile(r"[a-z][a-z0-9]{1,29}")
"""A name stands in an address, a container's name and a volume's."""
Codes = Mapping[str, str]
"""The code by the name."""


def code() -> str:
    """A new one, such as `k7mq-2xhp`: 39 bits."""
    return "-".join("".join(secrets.choice(LETTERS) for _ in range(GROUP)) for _ in range(GROUPS))


def numbered(learners: int) -> list[str]:
    """Names for so many learners: `aluno01` …"""
    width = max(2, len(str(learners)))
    return [f"aluno{number:0{width}}" for number in range(1, learners + 1)]


def named(text: str) -> list[str]:
    """The names of a list, one a line; empty lines and what follows a # are left out.

    Raises:
        LabError: a name is none, or is there twice.
    """
    lines = enumerate((line.partition("#")[0].strip().lower() for line in text.splitlines()), start=1)
    found = [(number, name) for number, name in lines if name]
    names = [name for _, name in found]
    wrong = [f"{name} (linha {number})" for number, name in found if not NAME_RULE.fullmatch(name) or name == TEACHER]
    if wrong:
        raise LabError(
            "Há nomes na lista que não servem de login: 2 a 30 letras minúsculas e números, sem acento nem espaço.",
            ", ".join(wrong),
            "corrija a lista e repita o comando",
        )
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise LabError("Há nomes repetidos na lista.", ", ".join(twice), "corrija a lista e repita o comando")
    return names


def with_codes(names: Sequence[str], known: Codes) -> dict[str, str]:
    """The teacher, who had a code, which stays the same, and these learners.

    Raises:
        LabError: they are more than a class has room for.
    """
    everybody = dict.fromkeys((TEACHER, *known, *names))
    if (learners := len(everybody) - 1) > MOST:
        had = len({*known} - {TEACHER})
        raise LabError(
            f"Uma turma tem no máximo {MOST} pessoas.",
            f"{had} já têm código, e {learners - had} seriam novas: {learners}",
            "tire nomes da lista; ou apague antes a turma de agora, com o trabalho dela: python3 -m labs class down",
        )
    return {name: known.get(name) or code() for name in everybody}


def read(path: Path) -> dict[str, str]:
    """The codes of a class; empty before there is one.

    Raises:
        StateError: the file is damaged.
    """
    try:
        stored = json.loads(path.read_text("utf-8"))
        if not isinstance(stored, dict) or not all(isinstance(one, str) for one in stored.values()):
            raise ValueError("não é uma lista de nomes e códigos")
        return stored
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise StateError(
            "A lista de códigos da turma está danificada ou não pode ser lida.",
            f"{path}: {error}",
            f"mv '{path}' '{path}.danificado' && python3 -m labs class up",
        ) from error


def learners(path: Path) -> list[str]:
    """The names of a class, without the teacher's.

    Raises:
        StateError: the file is damaged.
    """
    return [name for name in read(path) if name != TEACHER]


def write(path: Path, codes: Codes) -> None:
    """Keep the codes, for the teacher alone.

    Raises:
        StateError: they cannot be written.
    """
    write_atomic(path, json.dumps(codes, indent=1) + "\n")


def bare_name(typed: str) -> str:
    """A name as the list has it, of one that was typed with capitals, accents or spaces around it."""
    letters = unicodedata.normalize("NFKD", typed.strip().lower())
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


def accepts(codes: Codes, name: str, given: str) -> bool:
    """Whether this is the person's code, however it was typed: in capitals, with spaces, without its hyphen."""
    wanted = codes.get(name)
    return wanted is not None and hmac.compare_digest(_bare(wanted), _bare(given))


def _bare(code: str) -> bytes:
    return "".join(letter for letter in code.lower() if letter.isalnum()).encode()
