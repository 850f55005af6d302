from __future__ import annotations

import pytest

from labs.base.reference import parse, split_tag, with_tag


@pytest.mark.parametrize(
    ("text", "registry", "repository", "tag"),
    [
        ("postgres:14.3-alpine", "docker.io", "library/postgres", "14.3-alpine"),
        ("arthurgomes/widget-server:v1", "docker.io", "arthurgomes/widget-server", "v1"),
        ("widget-server", "docker.io", "library/widget-server", "latest"),
        ("localhost/app:1", "localhost", "app", "1"),
        ("127.0.0.1:5001/aluno/widget-server:v1", "127.0.0.1:5001", "aluno/widget-server", "v1"),
        ("registry.example.com/a/b/c", "registry.example.com", "a/b/c", "latest"),
    ],
)
def test_a_name_is_taken_apart(text: str, registry: str, repository: str, tag: str) -> None:
    found = parse(text)
    assert (found.registry, found.repository, found.tag) == (registry, repository, tag)


def test_an_ecr_address_gives_account_and_region() -> None:
    assert parse("123456789012.dkr.ecr.us-east-2.amazonaws.com/widget-server:v1").ecr == ("123456789012", "us-east-2")
    assert parse("postgres").ecr is None


def test_a_digest_takes_the_place_of_the_tag() -> None:
    found = parse("postgres@sha256:" + "a" * 64)
    assert (found.tag, found.digest) == ("", "sha256:" + "a" * 64)


@pytest.mark.parametrize(
    "text", ["Widget:v1", "widget server:v1", "widget:v 1", "a@sha256:12", "widget:-v1", "", "a//b"]
)
def test_a_bad_name_says_why_in_portuguese(text: str) -> None:
    with pytest.raises(ValueError, match=r"o nome do repositório|a tag aceita|o digest"):
        parse(text)


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("127.0.0.1:5001/a/b:v1", ("127.0.0.1:5001/a/b", "v1")),
        ("127.0.0.1:5001/a/b", ("127.0.0.1:5001/a/b", "latest")),
        ("a@sha256:ff", ("a", "sha256:ff")),
        ("widget-server:v1", ("widget-server", "v1")),
    ],
)
def test_split_tag(reference: str, expected: tuple[str, str]) -> None:
    assert split_tag(reference) == expected


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("127.0.0.1:5001/a/b:v1", "127.0.0.1:5001/a/b:v1"),
        ("127.0.0.1:5001/a/b", "127.0.0.1:5001/a/b:latest"),
        ("a@sha256:ff", "a@sha256:ff"),
        ("widget-server", "widget-server:latest"),
    ],
)
def test_with_tag(reference: str, expected: str) -> None:
    assert with_tag(reference) == expected
