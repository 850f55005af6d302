"""Pictures: right words, nothing that varies in padding, nothing unescaped."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest

from labs import costs, pictures
from labs.catalog import load_course
from labs.engine import Container, HistoryEntry
from labs.markup import size
from labs.pictures import Repository, Stack, Tag

from .fakes import digest, image

EVIL = "<img src=x onerror='alert(1)'>\"&"
CLASSIC = "/bin/sh -c #(nop) "
V1 = (
    HistoryEntry("Imported from -", 50_000_000),
    HistoryEntry(f"{CLASSIC} ENV A=b", 0),
    HistoryEntry(f"{CLASSIC}WORKDIR /app", 0),
    HistoryEntry(f"{CLASSIC}COPY dir:{'f' * 64} in ./wheels/ ", 160_300),
    HistoryEntry("|1 APP_VERSION=v1 /bin/sh -c pip install x", 1_300_000),
    HistoryEntry(f'{CLASSIC} CMD ["x"]', 0),
)


class _Balanced(HTMLParser):
    """Fails where a tag is not closed; collects tags and attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open.append(tag)
        self.seen.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def tags(markup: str) -> list[tuple[str, dict[str, str | None]]]:
    parser = _Balanced()
    parser.feed(markup)
    assert parser.open == []
    return parser.seen


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1,0 kB"),
        (12_345_678, "12,3 MB"),
        (999_960, "1,0 MB"),
        (2_500_000_000, "2,5 GB"),
    ],
)
def test_sizes_have_a_portuguese_comma(count: int, words: str) -> None:
    assert size(count) == words


def test_a_short_name_shows_what_docker_fills_in() -> None:
    text = pictures.name("postgres").text
    assert (
        "docker.io" in text and "library (preenchido pelo Docker" in text and "latest (preenchida pelo Docker" in text
    )


def test_an_ecr_name_shows_account_and_region() -> None:
    text = pictures.name("123456789012.dkr.ecr.us-east-2.amazonaws.com/widget-server:v1").text
    assert "conta da AWS: 123456789012" in text and "região: us-east-2" in text and "namespace" not in text


def test_the_labs_own_address_is_explained() -> None:
    assert "o Hub daqui" in pictures.name("127.0.0.1:5001/a/b:1", {"127.0.0.1:5001": "o Hub daqui"}).text


@pytest.mark.parametrize("name", ["Widget:v1", "a b", "x:", "x@sha256:1", "", EVIL])
def test_an_invalid_name_says_why(name: str) -> None:
    picture = pictures.name(name)
    assert "não é um nome válido: " in picture.text
    assert [tag for tag, _ in tags(picture.html)] == ["p"]


def test_layers_name_the_instruction_that_made_them() -> None:
    one = image("a", "x:v1", layers=(digest("1"), digest("2"), digest("3"), digest("4")), size=51_460_300)
    text = pictures.layers(Stack("x:v1", one, V1)).text
    assert text.splitlines() == [
        "x:v1: 4 layers, 51,5 MB no engine",
        " 4. RUN pip install x · 1,3 MB",
        " 3. COPY … → ./wheels/ · 160,3 kB",
        " 2. WORKDIR /app · 0 B",
        " 1. Imported from - · 50,0 MB",
        "Mais 2 instruções sem layer (ENV, LABEL, CMD…): só configuração.",
    ]


def test_two_stacks_mark_what_they_share() -> None:
    first = image("a", layers=(digest("1"), digest("2")))
    second = image("b", layers=(digest("1"), digest("3")))
    history = (HistoryEntry("", 10), HistoryEntry("RUN /bin/sh -c x # buildkit", 5))
    text = pictures.layers(Stack("x:1", first, history), Stack("x:2", second, history)).text
    assert text.count("compartilhada") == 2 and text.count("só nesta imagem") == 2
    assert text.endswith("1 de 2 layers de x:2 também estão em x:1.")
    assert "imagem base · 10 B" in text and "RUN x · 5 B" in text


@pytest.mark.parametrize("count", [0, 1, 3, 9])
def test_a_history_that_tells_too_little_still_draws_every_layer(count: int) -> None:
    one = image("a", layers=tuple(digest(str(number)) for number in range(count)))
    assert f"x: {count} layer" in pictures.layers(Stack("x", one, V1)).text


def test_a_registry_page_lists_tags_and_visibility() -> None:
    page = pictures.registry(
        "Hub", [Repository("a/b", "privado", (Tag("v1", digest("c"), 20_400_000, 7),)), Repository("a/c", "público")]
    )
    assert page.text.splitlines() == [
        "Hub: 2 repositórios",
        "  a/b · privado",
        "    v1 · sha256:cccccccccccc · 7 layers · 20,4 MB",
        "  a/c · público",
        "    nenhuma tag",
    ]
    assert pictures.registry("Hub", []).text == "Hub: nenhum repositório ainda."


def container(name: str, image_id: str, **environment: str) -> Container:
    return Container("1", name, "x:v2", digest(image_id), "running", None, (3001,), environment)


def test_environments_name_keys_and_never_their_values() -> None:
    both = [
        container("homologacao", "a", APP_ENV="homologacao", KEY_1="segredo-um", KEY_2=""),
        container("producao", "a", APP_ENV="producao", KEY_1="segredo-dois"),
    ]
    picture = pictures.environments(("homologacao", "producao"), both)
    assert "Chaves definidas: KEY_1\n" in picture.text and "A mesma imagem nos dois" in picture.text
    assert "segredo" not in picture.text + picture.html
    frames = [attributes for tag, attributes in tags(picture.html) if tag == "iframe"]
    assert [frame["title"] for frame in frames] == ["Página de homologacao", "Página de producao"]


def test_environments_that_differ_or_miss_say_so() -> None:
    names = ("homologacao", "producao")
    assert "container ainda não existe" in pictures.environments(names, []).text
    two = [container("homologacao", "a"), container("producao", "b")]
    assert "As imagens são diferentes" in pictures.environments(names, two).text


def test_keys_and_costs() -> None:
    row = {"id": "AKIA…ABCD", "status": "Inactive", "created": "01/02/2026", "used": "nunca"}
    assert "AKIA…ABCD · inativa · criada: 01/02/2026 · último uso: nunca" in pictures.keys("dev", [row]).text
    assert pictures.keys("dev", []).text == "Access keys de dev: nenhuma."
    text = pictures.cost(costs.estimate(5, 20)).text
    assert "Armazenamento: US$ 0,50 (5 GB, US$ 0,10 por GB)" in text and "Total do mês: US$ 2,30" in text
    assert costs.OFFICIAL_PAGE in text and costs.READ_IN in text


def test_the_map_counts_steps_and_challenges() -> None:
    course = load_course()
    first = course.lessons[0]
    done = [f"{first.id}/{step.id}" for step in first.steps]
    text = pictures.course_map(course, [*done, "02-build/challenge", "unknown/step"], here="02-build").text
    assert f"✓ 00 {first.title}: 5 de 5 (completa)" in text
    assert "◐ 02" in text and "(em andamento) ← você está aqui" in text and "○ 03" in text


def test_no_data_becomes_markup() -> None:
    """What an image, a registry or a container calls itself never becomes a tag or an attribute."""
    evil = image("a", layers=(digest("1"),))
    drawn = (
        pictures.layers(Stack(EVIL, evil, (HistoryEntry(EVIL, 1),))),
        pictures.registry(EVIL, [Repository(EVIL, EVIL, (Tag(EVIL, EVIL, 1),))]),
        pictures.environments((EVIL,), [container(EVIL, "a", APP_ENV=EVIL, APP_COLOR=EVIL)]),
        pictures.keys(EVIL, [{"id": EVIL, "status": EVIL, "created": EVIL, "used": EVIL}]),
        pictures.name(EVIL),
        pictures.message(EVIL),
    )
    for picture in drawn:
        for tag, attributes in tags(picture.html):
            assert tag != "img" and not any(name.startswith("on") for name in attributes)


def test_every_table_has_a_caption_and_headers() -> None:
    seen = tags(pictures.cost(costs.estimate(1, 1)).html)
    names = [tag for tag, _ in seen]
    assert "caption" in names
    assert all(attributes.get("scope") in ("col", "row") for tag, attributes in seen if tag == "th")
