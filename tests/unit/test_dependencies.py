"""What is imported is declared, what is declared is used and has its reason, and the locks hold exactly that."""

from __future__ import annotations

import ast
import functools
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from labs.base.settings import CLONE

PROJECT = (CLONE / "pyproject.toml").read_text("utf-8")
OUR_OWN = {"labs", "tests", "bench", "widget_server", "conftest"}
NOT_IMPORTED = {
    "awscli": "a program",
    "jupyterlab-language-pack-pt-br": "data that jupyterlab-server reads",
    "coverage": "run with -m",
    "import-linter": "a program",
    "jupyterhub-idle-culler": "run with -m",
    "jupytext": "a program",
    "mypy": "run with -m",
    "pip": "run with -m",
    "pycurl": "what tornado asks with, where the Helm chart says so",
    "nbval": "a plug-in of pytest",
    "ruff": "run with -m",
    "uv": "a program",
}
NOT_YET_IMPORTED = {"msgspec"}
SHARED_NAMES = {"backports": "backports-zstd"}
"""Packages of several distributions, by the one that is ours."""
STANDARD = sys.stdlib_module_names | {"compression"}  # from 3.14 on
LOCKS = {
    "requirements.txt": ["dependencies"],
    "tests/requirements.txt": ["dependencies", "test"],
    "labs/machine/uv.txt": ["installer"],
    "deploy/hub/learner.txt": ["dependencies", "learner"],
    "deploy/hub/hub.txt": ["dependencies", "learner", "hub"],
}


def declared(*groups: str) -> dict[str, Requirement]:
    """The requirements of `pyproject.toml` by name: of `dependencies`, or of a dependency group."""
    known = tomllib.loads(PROJECT)
    lists = {"dependencies": known["project"]["dependencies"], **known["dependency-groups"]}
    found = [Requirement(line) for group in groups for line in lists[group] if isinstance(line, str)]
    return {canonicalize_name(requirement.name): requirement for requirement in found}


@functools.cache
def imported(folder: str) -> dict[str, str]:
    """Names of the packages that a folder's modules import, each with one module that does."""
    owners = packages_distributions()
    found: dict[str, str] = {}
    for path in (CLONE / folder).rglob("*.py"):
        for name in _roots(ast.parse(path.read_text("utf-8"))):
            if name not in STANDARD and name not in OUR_OWN:
                owner = SHARED_NAMES.get(name) or owners.get(name, [name])[0]
                found[canonicalize_name(owner)] = str(path.relative_to(CLONE))
    return found


def _roots(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield str(node.module).partition(".")[0]


def locked(name: str) -> dict[str, list[tuple[str, int]]]:
    """A lock's packages: for each its lines `name==version ; marker` and how many hashes follow."""
    found: dict[str, list[tuple[str, int]]] = {}
    for block in re.split(r"\n(?=[a-z])", (CLONE / name).read_text("utf-8"))[1:]:
        first = block.partition("\n")[0].removesuffix(" \\")
        found.setdefault(canonicalize_name(Requirement(first).name), []).append((first, block.count("--hash=sha256:")))
    return found


@pytest.mark.parametrize(
    ("folder", "groups"),
    [
        ("labs", ["dependencies", "learner", "hub"]),
        ("tests", ["dependencies", "test"]),
        ("bench", ["dependencies", "test"]),
        ("widget-server", ["test"]),
    ],
)
def test_what_is_imported_is_declared(folder: str, groups: list[str]) -> None:
    known = declared(*groups)
    assert {name: path for name, path in imported(folder).items() if name not in known} == {}


def test_what_is_declared_is_used() -> None:
    used = imported("labs").keys() | NOT_IMPORTED.keys() | NOT_YET_IMPORTED
    assert declared("dependencies").keys() - used == set()
    used |= imported("tests").keys() | imported("bench").keys() | imported("widget-server").keys()
    assert declared("dependencies", "test", "learner", "hub", "installer").keys() - used == set()


def test_each_requirement_has_its_reason() -> None:
    lines = re.findall(r'^    "[\w-]+[~=]=.*$', PROJECT, re.MULTILINE)
    assert len(lines) >= 30
    assert [line for line in lines if not re.search(r'",  # \w', line)] == []


@pytest.mark.parametrize(("name", "groups"), LOCKS.items())
def test_a_lock_holds_what_is_declared_with_hashes(name: str, groups: list[str]) -> None:
    lock = locked(name)
    for package, requirement in declared(*groups).items():
        versions = [Requirement(line).specifier for line, _ in lock[package]]
        assert all(requirement.specifier.contains(str(one).removeprefix("==")) for one in versions), package
    assert [line for lines in lock.values() for line, hashes in lines if not hashes] == []


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_names_no_host_and_its_own_command(name: str) -> None:
    text = (CLONE / name).read_text("utf-8")
    assert "://" not in text and "index" not in text
    assert re.search(rf"^#    uv pip compile .*-o {re.escape(name)}$", text, re.MULTILINE)


def test_the_tests_run_on_what_learners_run_on() -> None:
    alone, with_tests = locked("requirements.txt"), locked("tests/requirements.txt")
    assert {name for name in alone if _versions(alone[name]) != _versions(with_tests[name])} == set()


def _versions(lines: list[tuple[str, int]]) -> list[str]:
    return [line.partition(" ;")[0] for line, _ in lines]


def test_the_lock_serves_every_system() -> None:
    """No package is locked for this machine alone: what only Windows or macOS need stands there with its marker."""
    lock = locked("requirements.txt")
    assert "sys_platform == 'win32'" in lock["pywin32"][0][0] or "os_name == 'nt'" in lock["pywinpty"][0][0]
