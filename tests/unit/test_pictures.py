"""Pictures: right words, nothing that varies in padding, nothing unescaped."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest

from labs import pictures
from labs.base.settings import CLONE
from labs.base.text import size
from labs.course import costs
from labs.course.catalog import load_course
from labs.pictures import (
    Blob,
    Budget,
    Credential,
    ImageName,
    Origin,
    Picture,
    Registry,
    Repository,
    Running,
    Stack,
    Station,
    Tag,
    Token,
    Told,
)
from labs.pictures.drawing import FILLS, INKS, measure
from labs.pictures.release import SPOTS
from labs.seams.engine import Container, HistoryEntry

from .fakes import digest, image

SVG = "{http://www.w3.org/2000/svg}"
EVIL = "<img src=x onerror='alert(1)'>\"&"
HUB = Registry("Hub", "127.0.0.1:5001")
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


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("public.ecr.aws/a1b2c3d4/ola-registry:1.0", ("alias: a1b2c3d4", "repositório: ola-registry")),
        ("public.ecr.aws/docker/library/nginx", ("alias: docker", "repositório: library/nginx")),
        ("127.0.0.1:5003/a1b2c3d4/x", ("alias: a1b2c3d4", "repositório: x")),
        ("public.ecr.aws/x", ("registry: public.ecr.aws", "repositório: x")),
    ],
)
def test_a_name_of_ecr_public_has_an_alias(name: str, parts: tuple[str, str]) -> None:
    text = pictures.name(name, {}, ("public.ecr.aws", "127.0.0.1:5003")).text
    assert all(part in text for part in parts) and "namespace" not in text


def test_the_labs_own_address_is_explained() -> None:
    assert "o Hub daqui" in pictures.name("127.0.0.1:5001/a/b:1", {"127.0.0.1:5001": "o Hub daqui"}).text


@pytest.mark.parametrize("name", ["Widget:v1", "a b", "x:", "x@sha256:1", "", EVIL])
def test_an_invalid_name_says_why(name: str) -> None:
    picture = pictures.name(name)
    assert "não é um nome válido: " in picture.text
    assert "✗ não é um nome válido" in picture.html and picture.said == picture.text


def test_layers_name_the_instruction_that_made_them() -> None:
    one = image("a", "x:v1", layers=(digest("1"), digest("2"), digest("3"), digest("4")))
    text = pictures.layers(Stack("x:v1", one, V1)).text
    assert text.splitlines() == [
        "x:v1: 4 layers, 51,5 MB descompactados no engine",
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
    layers = tuple(Blob(digest(str(number)), 10) for number in range(7))
    tag = Tag("v1", digest("c"), 20_400_000, layers)
    page = pictures.registry(HUB, [Repository("a/b", "privado", (tag,)), Repository("a/c", "público")])
    assert page.text.splitlines() == [
        "Hub: 2 repositórios",
        "  a/b · privado",
        "    v1 · sha256:cccccccccccc · 7 layers · 20,4 MB comprimidos",
        "  a/c · público",
        "    nenhuma tag",
    ]
    assert pictures.registry(HUB, []).text == "Hub: nenhum repositório ainda."


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


def test_an_environment_names_the_images_repository_and_tag() -> None:
    """The address before them may be cut."""
    one = replace(container("homologacao", "a"), image="123456789012.dkr.ecr.us-east-2.amazonaws.com/widget-server:v3")
    assert ">…/widget-server:v3<" in pictures.environments(("homologacao", "producao"), [one]).html


def test_environments_that_differ_or_miss_say_so() -> None:
    names = ("homologacao", "producao")
    none = pictures.environments(names, [])
    assert "nenhum container com este nome agora" in none.text
    assert "ainda" not in none.text + none.html.lower(), "the lesson itself removes them: it is as true after as before"
    two = [container("homologacao", "a"), container("producao", "b")]
    assert "As imagens são diferentes" in pictures.environments(names, two).text


def test_keys_and_costs() -> None:
    row = {"id": "AKIA…ABCD", "status": "Inactive", "created": "01/02/2026", "used": "nunca"}
    assert "AKIA…ABCD · inativa · criada: 01/02/2026 · último uso: nunca" in pictures.keys("dev", [row]).text
    assert pictures.keys("dev", []).text == "Access keys de dev: nenhuma."
    text = pictures.cost(costs.estimate(5, 20)).text
    assert "Armazenamento: US$ 0,50 (5 GB, US$ 0,10 por GB)" in text and "Total do mês: US$ 2,30" in text
    assert costs.OFFICIAL_PAGE in text and costs.READ_IN in text


def test_the_page_of_budgets_says_what_the_account_keeps() -> None:
    told = Told(Budget("curso", 5, 4.5, (50, 100), 3), {50.0: ("a@example.com",)})
    assert pictures.budgets_page([told]).text.splitlines() == [
        "Orçamentos (budgets) da conta: 1",
        "  curso · US$ 5,00 por mês · gasto até agora: US$ 4,50 (90 %) · dentro do limite",
        "    alerta em 50 % (US$ 2,50) · ultrapassado · avisa a@example.com",
        "    alerta em 100 % (US$ 5,00) · ainda não · avisa ninguém",
    ]
    over = pictures.budgets_page([Told(Budget("curso", 5, 6, (), 3), {})])
    assert "US$ 6,00 (120 %) · excedido" in over.text and "alerta em nenhum" in over.text
    assert pictures.budgets_page([]).text.startswith("Orçamentos (budgets) da conta: nenhum.")


def test_the_page_of_the_root_user_says_its_state_and_the_way_out() -> None:
    text = pictures.root_page(0, False).text
    assert "Chaves de acesso: nenhuma, como deve ser" in text and "(MFA): desligada" in text
    assert "não são recomendadas" in text and text.count("em vez disso:") == 2 and "Não marque." in text
    text = pictures.root_page(1, True).text
    assert "Chaves de acesso: há chave: apague-a" in text and "(MFA): ligada" in text


@pytest.mark.parametrize("name", ["budgets", "no budgets", "root", "root with a key"])
def test_a_page_of_the_console_can_be_read_in_a_narrow_column(name: str) -> None:
    """A drawing is at least 480 pixels wide (picture.css): letters of 18 units in 720 are then 12 pixels."""
    sizes = [float(one.get("font-size", 0)) for one in ElementTree.fromstring(DRAWN[name].still).iter(f"{SVG}text")]
    assert min(sizes) >= 18


def test_the_map_counts_steps_and_challenges() -> None:
    course = load_course()
    first = course.lessons[0]
    done = [f"{first.id}/{step.id}" for step in first.steps]
    text = pictures.course_map(course, [*done, "02-build/challenge", "unknown/step"], here="02-build").text
    assert f"✓ 00 {first.title}: 5 de 5 (completa)" in text
    assert "◐ 02" in text and "(em andamento) ← você está aqui" in text and "○ 03" in text


def test_every_row_of_the_map_runs_from_left_to_right() -> None:
    course = load_course()
    still = pictures.course_map(course, []).still
    places = [(float(y), float(x)) for x, y in re.findall(r'<circle [^>]*cx="([\d.]+)" cy="([\d.]+)"', still)]
    assert len(places) == len(course.lessons) and places == sorted(places)


def test_no_data_becomes_markup() -> None:
    """What an image, a registry or a container calls itself never becomes a tag or an attribute."""
    evil = image("a", layers=(digest("1"),))
    drawn = (
        pictures.layers(Stack(EVIL, evil, (HistoryEntry(EVIL, 1),))),
        pictures.registry(Registry(EVIL, EVIL), [Repository(EVIL, EVIL, (Tag(EVIL, EVIL, 1),))]),
        pictures.environments((EVIL,), [container(EVIL, "a", APP_ENV=EVIL, APP_COLOR=EVIL)]),
        pictures.budgets_page([Told(Budget(EVIL, 1, 2, (50,), 1), {50.0: (EVIL,)})]),
        pictures.keys(EVIL, [{"id": EVIL, "status": EVIL, "created": EVIL, "used": EVIL}]),
        pictures.name(EVIL),
        pictures.message(EVIL),
    )
    for picture in drawn:
        for tag, attributes in tags(picture.html) + tags(picture.still):
            assert tag != "img" and not any(name.startswith("on") for name in attributes)


def test_every_table_has_a_caption_and_headers() -> None:
    seen = tags(pictures.cost(costs.estimate(1, 1)).html)
    names = [tag for tag, _ in seen]
    assert "caption" in names
    assert all(attributes.get("scope") in ("col", "row") for tag, attributes in seen if tag == "th")


# What each picture says --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "place", "why"),
    [
        ("postgres", "Docker Hub (docker.io)", "não (o nome não tem barra)"),
        ("arthurgomes/x:v1", "Docker Hub (docker.io)", "é uma conta"),
        ("docker.io/library/x", "Docker Hub (docker.io)", "“docker.io” tem ponto"),
        ("123456789012.dkr.ecr.us-east-2.amazonaws.com/x", "Amazon ECR (1234", "tem ponto: é um endereço"),
        ("127.0.0.1:5001/a/x", "Docker Hub (127.0.0.1:5001)", "tem porta"),
        ("localhost/x", "outro registry (localhost)", "“localhost” é um endereço"),
        ("ghcr.io/a/x", "outro registry (ghcr.io)", "“ghcr.io” tem ponto"),
    ],
)
def test_a_route_says_where_and_why(name: str, place: str, why: str) -> None:
    text = pictures.route(name, {"127.0.0.1:5001": "Docker Hub"}).text
    assert f"Vai para: {place}" in text and why in text


@pytest.mark.parametrize(
    "address", ["123456789012.dkr.ecr.us-east-2.amazonaws.com", "registry.um-nome-comprido-de-empresa.example.com"]
)
def test_a_route_shows_the_whole_address(address: str) -> None:
    words = re.findall(r"<text[^>]*>([^<]*)</text>", pictures.route(f"{address}/x:v1").html)
    assert any("".join(pair) == address for pair in itertools.pairwise(words))


def test_a_route_of_an_invalid_name_says_why() -> None:
    assert "só aceita letras minúsculas" in pictures.route("Widget").text


def test_layers_of_the_base_are_told_from_the_learners() -> None:
    one = image("a", layers=(digest("1"), digest("2")))
    history = (HistoryEntry("", 10), HistoryEntry("RUN x", 5))
    drawn = pictures.layers(Stack("x:1", one, history, (digest("1"),), {digest("1"): ("y:1", "Docker Hub: a/y:1")}))
    assert " 2. RUN x · 5 B · deste Dockerfile\n" in drawn.text
    assert drawn.text.endswith(" 1. imagem base · 10 B · da imagem base · também em 2 outros nomes")
    assert "y:1, Docker Hub: a/y:1" in drawn.html


def test_a_push_preview_counts_what_travels() -> None:
    one = image("a", layers=(digest("1"), digest("2"), digest("3")))
    stack = Stack("h/a:1", one, (HistoryEntry("", 10), HistoryEntry("RUN x", 5), HistoryEntry("RUN y", 7)))
    layers: dict[str, pictures.Fate] = {digest("1"): "there", digest("2"): "mount", digest("3"): "travel"}
    text = pictures.push_preview(stack, "No Docker Hub", layers).text
    assert "  3. RUN y · 7 B · vai viajar" in text and "  1. imagem base · 10 B · já está lá" in text
    assert "  2. RUN x · 5 B · aproveitada de outro repositório" in text
    assert text.endswith("Vai viajar 1 de 3 layers: 7 B antes de comprimir.")
    all_there = pictures.push_preview(stack, "No Docker Hub", dict.fromkeys(layers, "there"))
    assert all_there.said.startswith("Nenhuma layer vai viajar")


def test_names_tell_what_the_registry_holds_under_each() -> None:
    labels = (
        ImageName("x:v1"),
        ImageName("h/x:v1", "Docker Hub", digest("c"), True),
        ImageName("h/x:v2", "Docker Hub", digest("d"), False),
        ImageName("e/x:v1", "ECR"),
    )
    assert pictures.names(digest("a"), labels).text.splitlines() == [
        "Imagem sha256:aaaaaaaaaaaa: 4 nomes",
        "  x:v1 · só no seu engine",
        "  h/x:v1 · a mesma imagem está no Docker Hub",
        "  h/x:v2 · no Docker Hub este nome é outra imagem",
        "  e/x:v1 · ainda não está no ECR",
    ]


NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("age", "verdict"),
    [
        (timedelta(minutes=1), "✓ Vale por mais 11 h 59 min."),
        (timedelta(hours=12), "✓ Vale por mais 0 h 00 min."),
        (timedelta(hours=13), "✗ Venceu há 1 h 00 min: o registry recusa."),
        (timedelta(hours=30), "✗ Venceu há 18 h 00 min: o registry recusa."),
    ],
)
def test_the_token_clock_tells_the_time_left(age: timedelta, verdict: str) -> None:
    picture = pictures.token_clock(Token("127.0.0.1:5002", NOON - age), NOON, timedelta(hours=13))
    assert picture.text.endswith(verdict) and "13 h 00 min à frente do seu computador" in picture.text


def test_the_token_clock_without_a_token() -> None:
    assert "não há token" in pictures.token_clock(None, NOON).text
    assert "não é um token que eu saiba ler" in pictures.token_clock(Token("x", None), NOON).text


def test_a_cost_against_the_budget() -> None:
    estimate = costs.estimate(5, 20)
    assert "Ainda não há budget" in pictures.cost(estimate).text
    over = pictures.cost(estimate, Budget("b", 5, 4.5, (50, 80, 100), 24)).text
    assert "Budget b: US$ 5,00; alertas em 50 % (US$ 2,50), 80 % (US$ 4,00), 100 % (US$ 5,00)" in over
    assert "Gasto até agora: US$ 4,50, 90 % do limite. Passou de: 50 %, 80 %." in over
    assert "Nenhum alerta disparou." in pictures.cost(estimate, Budget("b", 5, 0, (50,), 1)).text
    assert "nenhum nível" in pictures.cost(estimate, Budget("b", 0, 0, (), 1)).text


def test_keys_beside_sso_say_what_is_stored() -> None:
    text = pictures.keys_and_sso(Credential("default", "AKIA…ABCD", "user/x"), Credential("sso")).text
    assert "access key: perfil default, AKIA…ABCD, user/x" in text and "SSO: nada no perfil sso" in text
    assert "access key: até alguém apagar" in text


def test_a_timeline_names_variables() -> None:
    origin = Origin("x:v2", ("APP_VERSION",), (), {"homologacao": ("KEY_1", "KEY_2")})
    text = pictures.timeline(origin).text
    assert "ARG no build de x:v2: APP_VERSION" in text and "ENV dentro de x:v2: nenhuma" in text
    assert "chegaram na execução, em homologacao: KEY_1, KEY_2" in text


def test_a_release_compares_every_station_with_the_build() -> None:
    stations = [
        Station("build", "Build", "x:v3", digest("a")),
        Station("hub", "Docker Hub", "a/x:v3", digest("a")),
        Station("ecr", "ECR", "x:v3"),
        Station("homologacao", "Homologação", "porta 3001", digest("b")),
        Station("producao", "Produção", "porta 3002"),
    ]
    text = pictures.release("v3", stations).text
    assert "Docker Hub: ✓ sha256:aaaaaaaaaaaa" in text and "ECR: ○ ainda não" in text
    assert "Homologação: ✗ outra imagem, sha256:bbbbbbbbbbbb" in text
    assert text.endswith("2 de 5 etapas com a mesma imagem.")
    nothing = [Station(one.place, one.title, one.about) for one in stations]
    assert pictures.release("v3", nothing).said == "0 de 5 etapas com a mesma imagem."


def test_parts_say_what_stands() -> None:
    picture = pictures.parts([Running("hub", "Hub", "127.0.0.1:1", True), Running("aws", "AWS", "", False)])
    assert "Hub: 127.0.0.1:1 · ✓ de pé" in picture.text and "AWS:  · ✗ parado" in picture.text
    assert picture.said == "1 de 2 partes de pé."


# How all are drawn -------------------------------------------------------------------------------

ONE = image("a", "x:1", layers=(digest("1"), digest("2")))
PAIR = Stack("x:1", ONE, (HistoryEntry("", 10), HistoryEntry("RUN x", 5)), (digest("1"),), {digest("1"): ("y",)})
LONG = "a-very-long-name-of-something/that-goes-on/and-on:with-a-tag"
DRAWN: dict[str, Picture] = {
    "name": pictures.name("postgres"),
    "long name": pictures.name(f"{'a' * 60}.example.com/{LONG}@{digest('a')}"),
    "refused name": pictures.name("X"),
    "route": pictures.route("a/b"),
    "layers": pictures.layers(PAIR),
    "two stacks": pictures.layers(PAIR, PAIR),
    "push": pictures.push_preview(PAIR, "No ECR", {digest("1"): "there", digest("2"): "travel"}),
    "registry": pictures.registry(HUB, [Repository(LONG, "público", (Tag(LONG, digest("a"), 9, (Blob("b", 3),)),))]),
    "no repository": pictures.registry(HUB, []),
    "names": pictures.names(
        digest("a"), [ImageName(LONG, "ECR", digest("b"), True), ImageName("x"), ImageName("y", "ECR")]
    ),
    "git": pictures.beside_git(),
    "token": pictures.token_clock(Token("h", NOON - timedelta(hours=7)), NOON),
    "expired token": pictures.token_clock(Token("h", NOON - timedelta(hours=14)), NOON),
    "no token": pictures.token_clock(None, NOON),
    "keys": pictures.keys("u", [{"id": "A…B", "status": "Active", "created": "x", "used": "y"}]),
    "no keys": pictures.keys("u", []),
    "sso": pictures.keys_and_sso(Credential("default", "A…B", "user/u"), Credential("sso")),
    "cost": pictures.cost(costs.estimate(5, 20), Budget("b", 5, 6, (50, 80, 100), 24)),
    "budgets": pictures.budgets_page(
        [
            Told(Budget(LONG, 5, 6, (50, 80, 100), 24), {50.0: (LONG, "b@example.com"), 80.0: ("a@example.com",)}),
            Told(Budget("b", 1_000_000, 0, (), 1), {}),
        ]
    ),
    "no budgets": pictures.budgets_page([]),
    "root": pictures.root_page(0, False),
    "root with a key": pictures.root_page(1, True),
    "free": pictures.cost(costs.estimate(0, 0)),
    "timeline": pictures.timeline(Origin(LONG, ("A",), tuple(f"VARIABLE_{n}" for n in range(20)), {})),
    "environments": pictures.environments(("homologacao", "producao"), [container("homologacao", "a")]),
    "release": pictures.release("v3", [Station(place, "T", LONG, digest("a")) for place in SPOTS]),
    "map": pictures.course_map(load_course(), [], "02-build"),
    "parts": pictures.parts([Running("engine", "E", "h", True), Running("aws", "A", "127.0.0.1:1", False)]),
}


@pytest.fixture(params=DRAWN, ids=[*DRAWN])
def picture(request: pytest.FixtureRequest) -> Picture:
    return DRAWN[request.param]


def test_a_still_is_an_svg_document_that_needs_nothing_else(picture: Picture) -> None:
    """Code hosts take styles, scripts, handlers and outside addresses out of what they show."""
    root = ElementTree.fromstring(picture.still)
    assert root.tag == f"{SVG}svg"
    names = {element.tag.removeprefix(SVG) for element in root.iter()}
    assert names <= {"svg", "title", "desc", "rect", "circle", "path", "polygon", "text", "a"}
    for element in root.iter():
        assert not any(name == "style" or name.startswith("on") for name in element.attrib)
        if element.tag.removeprefix(SVG) in ("rect", "circle", "text", "polygon"):
            assert element.get("fill", "").startswith("#"), "colours must not come from a style sheet alone"


def test_a_drawing_says_in_words_what_it_shows(picture: Picture) -> None:
    root = ElementTree.fromstring(picture.still)
    assert root.findtext(f"{SVG}title") == root.get("aria-label") and root.findtext(f"{SVG}desc") == picture.text
    assert root.get("role") == ("group" if root.find(f".//{SVG}a") is not None else "img")
    assert (
        "<details" in picture.html
        or "lab-hidden" in picture.html
        or "Nenhum" in picture.still
        or "nenhuma" in picture.text
    )
    assert picture.text.strip() and picture.said


def test_a_drawing_stays_inside_its_frame(picture: Picture) -> None:
    """Every shape and, as far as it can be estimated, every word lies inside; nothing is smaller than 11 units."""
    root = ElementTree.fromstring(picture.still)
    width, height = float(root.get("width", 0)), float(root.get("height", 0))
    for element in root.iter():
        kind, get = element.tag.removeprefix(SVG), element.get
        if kind == "rect":
            assert float(get("x", 0)) >= 0 and float(get("x", 0)) + float(get("width", 0)) <= width
            assert float(get("y", 0)) + float(get("height", 0)) <= height
        if kind == "text":
            size, x = float(get("font-size", 0)), float(get("x", 0))
            long = measure(element.text or "", size, mono="font-family" in element.attrib)
            start = {"middle": x - long / 2, "end": x - long}.get(get("text-anchor", ""), x)
            assert size >= 11, element.text
            assert start >= 0 and start + long <= width + 6, element.text


def test_nothing_is_told_by_colour_alone() -> None:
    """What differs in colour differs in words or signs too."""
    assert {"✓", "○"} <= set("".join(DRAWN[name].still for name in ("names", "map", "release")))
    assert (
        "vence" in DRAWN["sso"].still and "já está aqui" in DRAWN["push"].still and "vai viajar" in DRAWN["push"].still
    )


def luminance(colour: str) -> float:
    """WCAG 2.2, "relative luminance"."""
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(first: str, second: str) -> float:
    dark, light = sorted((luminance(first), luminance(second)))
    return (light + 0.05) / (dark + 0.05)


def themes() -> Iterator[tuple[str, dict[str, str], dict[str, str], str]]:
    css = (CLONE / "labs" / "widgets" / "picture.css").read_text("utf-8")
    fills = dict(re.findall(r'"false"\] \.lab-picture \.pic-(\w+) \{ fill: (#\w{6})', css))
    inks = dict(re.findall(r"\.pic-head-(\w+) \{ fill: (#\w{6})", css))
    assert set(fills) | {"plain"} == set(FILLS) and set(inks) == set(INKS)
    light = [{str(name): colour for name, colour in table.items()} for table in (FILLS, INKS)]
    yield "light", light[0], light[1], "#ffffff"
    yield "dark", {**fills, "plain": "#111111"}, inks, "#111111"


@pytest.mark.parametrize(("theme", "fills", "inks", "page"), list(themes()), ids=["light", "dark"])
def test_words_and_lines_have_contrast_on_everything_that_is_filled(
    theme: str, fills: dict[str, str], inks: dict[str, str], page: str
) -> None:
    """WCAG 2.2: 4.5:1 for text (1.4.3), 3:1 for lines (1.4.11). A tone's own ink stands on its own fill."""
    for name, fill in fills.items():
        for ink in {"ink", "mute", *({name} & set(inks))}:
            assert contrast(inks[ink], fill) >= 4.5, (theme, ink, name)
    for ink, colour in inks.items():
        assert contrast(colour, page) >= 4.5, (theme, ink)
