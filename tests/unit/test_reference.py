from __future__ import annotations

import pytest

from labs.base.reference import familiar, names_ecr, parse, registry_of, split_tag, with_tag


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


@pytest.mark.parametrize(
    "host",
    [
        "123456789012.dkr.ecr.us-east-2.amazonaws.com",
        "123456789012.dkr.ecr-fips.us-east-2.amazonaws.com",
        "123456789012.dkr.ecr.us-east-2.amazonaws.com.cn",
        "123456789012.dkr-ecr.us-east-2.on.aws",
        "123456789012.dkr-ecr-fips.us-east-2.on.aws",
        "123456789012.dkr-ecr.us-east-2.on.amazonwebservices.com.cn",
    ],
)
def test_an_ecr_address_gives_account_and_region(host: str) -> None:
    assert parse(f"{host}/widget-server:v1").ecr == ("123456789012", "us-east-2")
    assert names_ecr(f'Get "https://{host}/v2/"')


@pytest.mark.parametrize("host", ["postgres", "public.ecr.aws/x/y", "dkr.ecr.us-east-2.amazonaws.com/x", "docker.io/x"])
def test_what_is_no_ecr_address(host: str) -> None:
    assert parse(host).ecr is None
    assert not names_ecr(host)


def test_a_digest_takes_the_place_of_the_tag() -> None:
    found = parse("postgres@sha256:" + "a" * 64)
    assert (found.tag, found.digest) == ("", "sha256:" + "a" * 64)


# What distribution/reference (0965666, April 2026) says of names: registry, repository and tag, or that it refuses.
LONG = "a" * 255
HEX = "1a3f5e7d9c1b3a5f7e9d1c3b5a7f9e1d3c5b7a9f1e3d5d7c9b1a3f5e7d9c1b3a"
SHA = "sha256:" + "f" * 64
VALID = {
    "docker/docker": ("docker.io", "docker/docker", "latest"),
    "index.docker.io/debian": ("docker.io", "library/debian", "latest"),
    "index.docker.io/fooo/bar:1": ("docker.io", "fooo/bar", "1"),
    "docker.io/debian": ("docker.io", "library/debian", "latest"),
    "localhost/debian": ("localhost", "debian", "latest"),
    "localhost": ("docker.io", "library/localhost", "latest"),
    "LOCALDOMAIN/debian": ("LOCALDOMAIN", "debian", "latest"),
    "Aluno/widget-server:v1": ("Aluno", "widget-server", "v1"),
    "test_com": ("docker.io", "library/test_com", "latest"),
    "test.com:5000": ("docker.io", "library/test.com", "5000"),
    "test:5000/repo:tag": ("test:5000", "repo", "tag"),
    "192.168.0.1:80": ("docker.io", "library/192.168.0.1", "80"),
    "192.168.0.1:8/debian": ("192.168.0.1:8", "debian", "latest"),
    "[fc00::1]:5000/docker/docker": ("[fc00::1]:5000", "docker/docker", "latest"),
    "[2001:db8::1]/repo": ("[2001:db8::1]", "repo", "latest"),
    "xn--n3h.com/myimage:xn--n3h.com": ("xn--n3h.com", "myimage", "xn--n3h.com"),
    "foo_bar.com:8080": ("docker.io", "library/foo_bar.com", "8080"),
    "a_b.com/c": ("docker.io", "a_b.com/c", "latest"),
    "docker---rules/dock__er": ("docker.io", "docker---rules/dock__er", "latest"),
    "b.gcr.io/test.example.com/my-app:test.example.com": ("b.gcr.io", "test.example.com/my-app", "test.example.com"),
    "lowercase:Uppercase": ("docker.io", "library/lowercase", "Uppercase"),
    "a:_x-1.0": ("docker.io", "library/a", "_x-1.0"),
    "a:" + "x" * 128: ("docker.io", "library/a", "x" * 128),
    f"example.com/{LONG}:tag": ("example.com", LONG, "tag"),
    f"docker.io/{HEX}": ("docker.io", f"library/{HEX}", "latest"),
    f"repo:tag@{SHA}": ("docker.io", "library/repo", "tag"),
    f"repo@sha512:{'0' * 128}": ("docker.io", "library/repo", ""),
    f"repo@sha384:{'0' * 96}": ("docker.io", "library/repo", ""),
}
REFUSED = {
    "o nome do repositório": (
        *("", ":justtag", f"@{SHA}", "docker/Docker", "-docker", "-docker/docker", "docker-/docker", "docker///docker"),
        *(
            "docker.io/docker/Docker",
            "docker/",
            "docker.io/",
            "_docker/_docker",
            "____/____",
            "dock__.er",
            "a___b",
            "é",
        ),
        *("aa/asdf$$^/aa", "test:5000/Uppercase/lower:tag", "/app", "app/", "a//b", "widget server", "maçã/app", "a\n"),
        *(
            HEX,
            f"domain/{LONG}",
            f"docker.io/{'a' * 248}",
            f"example.com/{LONG}a",
            "https://github.com/a/b",
            "ª",
            "²/a",
        ),
    ),
    "a tag aceita": (
        *("aluno/widget-server:versão", "a:", "a:-v1", "a:.v1", "a:v 1", "a:v1:v2", "a:" + "x" * 129),
        *("a:²", "a:v１", "test.com/a:", f"a:b c@{SHA}"),
    ),
    "o endereço do registry": (
        *("test.com:porta/foo", "test.com:/foo", ":5000/foo", "a..b/c", "-a.b/c", "a-.b/c", "a b.com/c", ".com/c"),
        *(
            "[fe80::1%eth0]:5000/debian",
            "fc00::1:5000/debian",
            "[2001:db8::192.0.2.33]:5000/debian",
            "é.com/c",
            "a.b:８/c",
        ),
    ),
    "o digest": (
        *("a@", "a@sha256:", "a@sha256:12", f"a@sha256:{'f' * 63}", f"a@sha256:{'F' * 64}", f"a@md5:{'f' * 32}"),
        *(
            f"a@{'f' * 64}",
            f"a@sha512:{'f' * 64}",
            f"a:v1@{SHA}0",
            f"a@{SHA}@{SHA}",
            f"a@sha256:{'g' * 64}",
            f"a@{SHA} ",
        ),
    ),
}


@pytest.mark.parametrize("text", VALID)
def test_a_name_that_the_grammar_takes(text: str) -> None:
    found = parse(text)
    assert (found.registry, found.repository, found.tag) == VALID[text]
    assert registry_of(text) in (found.registry, "a_b.com")


@pytest.mark.parametrize(("part", "text"), [(part, text) for part, texts in REFUSED.items() for text in texts])
def test_a_name_that_the_grammar_refuses_says_which_part(part: str, text: str) -> None:
    with pytest.raises(ValueError, match=part):
        parse(text)


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


@pytest.mark.parametrize(
    ("name", "listed"),
    [
        ("docker.io/library/python:3.13-slim", "python:3.13-slim"),
        ("docker.io/aluno/widget-server:v1", "aluno/widget-server:v1"),
        ("index.docker.io/aluno/widget-server", "aluno/widget-server"),
        ("docker.io/library/a/b", "library/a/b"),
        ("widget-server:v1", "widget-server:v1"),
        ("127.0.0.1:5001/aluno/widget-server:v1", "127.0.0.1:5001/aluno/widget-server:v1"),
    ],
)
def test_a_familiar_name_is_the_one_that_the_engine_lists(name: str, listed: str) -> None:
    assert familiar(name) == listed
