"""Pictures of what exists: pure functions from data to text (a notebook's stored output) and accessible HTML.

The text is complete by itself and says the same as the HTML. Columns are never padded: what varies from run to run
(sizes, digests) must not move what stands beside it. All data is escaped; no state is read here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from labs import costs
from labs.catalog import Course
from labs.engine import Container, HistoryEntry, Image
from labs.markup import Html, escape, meter, paragraph, plural, short, size, table
from labs.reference import DOCKER_HUB, Reference, parse

FILE_INSTRUCTIONS = ("COPY", "ADD", "RUN", "WORKDIR")
"""Instructions that can add a layer (docs.docker.com/reference/dockerfile); the others only configure."""


@dataclass(frozen=True)
class Picture:
    """One picture: as plain text, and as HTML."""

    text: str
    html: str


@dataclass(frozen=True)
class Tag:
    """A tag as a registry's page shows it. `layers` 0 means unknown."""

    name: str
    digest: str
    size: int
    layers: int = 0


@dataclass(frozen=True)
class Repository:
    """A repository as a registry's page shows it. `visibility` is a Portuguese word."""

    name: str
    visibility: str
    tags: tuple[Tag, ...] = ()


def message(text: str) -> Picture:
    """What there is to say where nothing can be drawn."""
    return Picture(text, "".join(paragraph(line) for line in text.splitlines()))


# Names -------------------------------------------------------------------------------------------


def name(text: str, known: Mapping[str, str] | None = None) -> Picture:
    """The anatomy of an image name. `known` gives words for the lab's own registry addresses.

    A name that is not valid gives a picture that says why.
    """
    try:
        reference = parse(text)
    except ValueError as error:
        said = f"✗ “{text}” não é um nome válido: {error}."
        return Picture(said, paragraph(said, "bad"))
    rows = _name_rows(reference, known or {})
    lines = [f"Nome: {text}", *(f"  {part}: {value} ({meaning})" for part, value, meaning in rows)]
    drawn = table(f"Anatomia de {text}", ("Parte", "Valor", "O que diz"), rows)
    return Picture("\n".join(lines), drawn)


def _name_rows(reference: Reference, known: Mapping[str, str]) -> list[tuple[str, str, str]]:
    rows = [("registry", reference.registry, _registry_words(reference, known))]
    if reference.ecr:
        account, region = reference.ecr
        rows += [
            ("conta da AWS", account, "os 12 dígitos no começo do endereço"),
            ("região", region, "cada região tem o seu registry"),
        ]
    if reference.namespace:
        implied = reference.registry == DOCKER_HUB and "/" not in reference.text.partition("@")[0]
        meaning = "preenchido pelo Docker: imagens oficiais" if implied else "a conta ou organização"
        rows.append(("namespace", reference.namespace, meaning))
    rows.append(("repositório", reference.name, "reúne as versões de uma imagem"))
    if reference.tag:
        written = reference.text.partition("@")[0].endswith(f":{reference.tag}")
        moving = "uma etiqueta: pode passar a apontar para outra imagem"
        filled = "preenchida pelo Docker: o nome não diz outra"
        rows.append(("tag", reference.tag, moving if written else filled))
    if reference.digest:
        rows.append(("digest", reference.digest, "a impressão digital do conteúdo: nunca muda de imagem"))
    return rows


def _registry_words(reference: Reference, known: Mapping[str, str]) -> str:
    if reference.registry in known:
        return known[reference.registry]
    if reference.ecr:
        return "um endereço do Amazon ECR"
    if not reference.explicit:
        return "o Docker Hub, porque o nome não traz endereço"
    return "o endereço para onde vão push e pull"


# Layers ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Stack:
    """An image to draw: its name, the image, and its history, oldest first."""

    name: str
    image: Image
    history: tuple[HistoryEntry, ...]


def layers(first: Stack, second: Stack | None = None) -> Picture:
    """The stack of layers, newest on top; with a second image, which layers both have."""
    stacks = [first] if second is None else [first, second]
    common = set(first.image.layers) & set(second.image.layers) if second else set()
    drawn = [_stack(stack, common if second else None) for stack in stacks]
    text, tables = "\n\n".join(one.text for one in drawn), "".join(one.html for one in drawn)
    if second:
        total = len(second.image.layers)
        words = f"{len(common)} de {total} layers de {second.name} também estão em {first.name}."
        text, tables = f"{text}\n\n{words}", f"{paragraph(words)}<div class='lab-side'>{tables}</div>"
    return Picture(text, tables)


def _stack(stack: Stack, common: set[str] | None) -> Picture:
    made = layer_instructions(stack.history, len(stack.image.layers))
    largest = max((entry.size for entry in made), default=0) or 1
    lines, rows = [], []
    for number in range(len(made), 0, -1):
        entry, layer = made[number - 1], stack.image.layers[number - 1]
        shared = "" if common is None else ("compartilhada" if layer in common else "só nesta imagem")
        words = instruction(entry.command)
        lines.append(" · ".join(filter(None, (f"{number:>2}. {words}", size(entry.size), shared))))
        bar = meter(entry.size, largest, size(entry.size))
        rows.append((str(number), words, bar, *([shared] if common is not None else [])))
    rest = len(stack.history) - len(made)
    head = f"{stack.name}: {plural(len(made), 'layer', 'layers')}, {size(stack.image.size)} no engine"
    others = plural(rest, "instrução", "instruções")
    foot = f"Mais {others} sem layer (ENV, LABEL, CMD…): só configuração." if rest else ""
    columns = ("Layer", "Quem criou", "Tamanho", *(["Nas duas?"] if common is not None else []))
    text = "\n".join(filter(None, (head, *lines, foot)))
    return Picture(text, f"<div>{table(head, columns, rows)}{paragraph(foot) if foot else ''}</div>")


def layer_instructions(history: Sequence[HistoryEntry], count: int) -> list[HistoryEntry]:
    """The history entries that made the image's `count` layers, oldest first.

    `docker history` does not say which entries made a layer. Entries with a size did; where those are fewer than the
    layers, so did the oldest file instructions of size 0 (a RUN that changes nothing makes an empty layer).
    """
    chosen = {index for index, entry in enumerate(history) if entry.size}
    for index, entry in enumerate(history):
        if len(chosen) >= count:
            break
        if not entry.size and instruction(entry.command).startswith(FILE_INSTRUCTIONS):
            chosen.add(index)
    made = [history[index] for index in sorted(chosen)]
    missing = [HistoryEntry("", 0)] * (count - len(made))
    return [*missing, *made][-count:] if count else []


def instruction(command: str) -> str:
    """The Dockerfile instruction behind a line of `docker history`, of the classic builder or BuildKit."""
    text = re.sub(r"\s+", " ", command.replace("# buildkit", "")).strip()
    text = re.sub(r"^\|\d+ .*?(?=/bin/sh -c )", "", text)  # build arguments that a RUN saw
    text = re.sub(r"^RUN (?:\|\d+ .*?)?/bin/sh -c ", "RUN ", text)
    if text.startswith("/bin/sh -c #(nop)"):
        text = text.removeprefix("/bin/sh -c #(nop)").strip()
    elif text.startswith("/bin/sh -c "):
        text = f"RUN {text.removeprefix('/bin/sh -c ')}"
    text = re.sub(r"^(COPY|ADD) (?:file|dir|multi):[0-9a-f]{64} in ", r"\1 … → ", text).strip()
    if not text:
        return "imagem base"
    return text if len(text) <= 72 else f"{text[:71]}…"


# Registries --------------------------------------------------------------------------------------


def registry(title: str, repositories: Sequence[Repository]) -> Picture:
    """A registry's page: repositories with their tags."""
    if not repositories:
        return message(f"{title}: nenhum repositório ainda.")
    lines, rows = [f"{title}: {plural(len(repositories), 'repositório', 'repositórios')}"], []
    for repository in repositories:
        lines.append(f"  {repository.name} · {repository.visibility}")
        for tag in repository.tags:
            held = plural(tag.layers, "layer", "layers") if tag.layers else ""
            lines.append("    " + " · ".join(filter(None, (tag.name, short(tag.digest), held, size(tag.size)))))
            layers_held = str(tag.layers or "—")
            rows.append(
                (repository.name, tag.name, short(tag.digest), layers_held, size(tag.size), repository.visibility)
            )
        if not repository.tags:
            lines.append("    nenhuma tag")
            rows.append((repository.name, "nenhuma tag", "—", "—", "—", repository.visibility))
    columns = ("Repositório", "Tag", "Digest", "Layers", "Tamanho (comprimido)", "Visibilidade")
    return Picture("\n".join(lines), table(title, columns, rows))


# Environments ------------------------------------------------------------------------------------


def environments(names: Sequence[str], containers: Iterable[Container]) -> Picture:
    """Containers side by side: one image, other values. Keys are named, their values never shown."""
    by_name = {container.name: container for container in containers}
    found = [by_name.get(wanted) for wanted in names]
    rows = [
        (label, *(read(container) if container else "—" for container in found))
        for label, read in (
            ("Estado", _state),
            ("APP_ENV", lambda one: one.environment.get("APP_ENV", "—")),
            ("APP_COLOR", lambda one: one.environment.get("APP_COLOR", "—")),
            ("Imagem", lambda one: f"{one.image} ({short(one.image_id)})"),
            ("Página", _address),
            ("Chaves definidas", _keys_set),
        )
    ]
    lines = []
    for column, (wanted, container) in enumerate(zip(names, found, strict=True), start=1):
        lines.append(wanted)
        lines += [f"  {row[0]}: {row[column]}" for row in rows] if container else ["  container ainda não existe"]
    verdict = _same_image([container for container in found if container], len(names))
    frames = "".join(_frame(container) for container in found if container)
    linked = [(row[0], *(_linked(cell) for cell in row[1:])) for row in rows]
    markup = table("Ambientes", ("", *names), linked) + paragraph(verdict) + f"<div class='lab-side'>{frames}</div>"
    return Picture("\n".join([*lines, verdict]), markup)


def _state(container: Container) -> str:
    return "rodando" if container.exit_code is None else f"parado (código {container.exit_code})"


def _address(container: Container) -> str:
    return f"http://127.0.0.1:{container.ports[0]}" if container.ports else "nenhuma porta publicada"


def _linked(cell: str) -> str:
    if not cell.startswith("http://127.0.0.1:"):
        return cell
    return Html(f"<a href='{escape(cell)}' target='_blank' rel='noopener'>{escape(cell)}</a>")


def _keys_set(container: Container) -> str:
    keys = sorted(key for key, value in container.environment.items() if key.startswith("KEY_") and value)
    return ", ".join(keys) or "nenhuma"


def _same_image(found: Sequence[Container], wanted: int) -> str:
    if len(found) < wanted:
        return "Ainda não há o que comparar: suba os dois ambientes."
    if len({container.image_id for container in found}) == 1:
        return "A mesma imagem nos dois: só os valores mudam."
    return "As imagens são diferentes: o que foi homologado não é o que está em produção."


def _frame(container: Container) -> str:
    if not container.ports or container.exit_code is not None:
        return ""
    title = escape(f"Página de {container.name}")
    source = escape(_address(container))
    return f"<iframe title='{title}' src='{source}' loading='lazy' sandbox='allow-scripts allow-forms'></iframe>"


# Tables ------------------------------------------------------------------------------------------

KEY_STATES = {"Active": "ativa", "Inactive": "inativa"}


def keys(user: str, rows: Sequence[Mapping[str, str]]) -> Picture:
    """A user's access keys as the console's "Security credentials" page lists them: ids masked, no secret."""
    title = f"Access keys de {user}"
    if not rows:
        return message(f"{title}: nenhuma.")
    cells = [(row["id"], KEY_STATES.get(row["status"], row["status"]), row["created"], row["used"]) for row in rows]
    lines = [f"  {key} · {status} · criada: {made} · último uso: {used}" for key, status, made, used in cells]
    return Picture("\n".join([title, *lines]), table(title, ("Id", "Estado", "Criada em", "Último uso"), cells))


def cost(estimate: costs.Estimate) -> Picture:
    """A month's estimate with the date and source of its prices."""
    storage, transfer = costs.STORAGE, costs.TRANSFER_OUT
    rows = [
        (storage.label, _gigabytes(estimate.storage_gb), f"US$ {storage.usd:f}", _dollars(estimate.storage_usd)),
        (transfer.label, _gigabytes(estimate.transfer_gb), f"US$ {transfer.usd:f}", _dollars(estimate.transfer_usd)),
        ("Push para o ECR", "—", "grátis", _dollars(0)),
        ("Total do mês", "", "", _dollars(estimate.total_usd)),
    ]
    rows = [(label, amount, price.replace(".", ","), usd) for label, amount, price, usd in rows]
    title = "Estimativa de um mês no ECR privado"
    note = f"Preços lidos em {costs.READ_IN}, sem descontar franquias. Confira em {costs.OFFICIAL_PAGE}"
    lines = [f"  {label}: {usd}" + (f" ({amount}, {price} por GB)" if amount[:1].isdigit() else "")
             for label, amount, price, usd in rows]  # fmt: skip
    drawn = table(title, ("Item", "Quantidade", "Preço por GB", "Por mês"), rows)
    return Picture("\n".join([title, *lines, note]), drawn + paragraph(note))


def _gigabytes(amount: float) -> str:
    return f"{amount:g} GB".replace(".", ",")


def _dollars(amount: object) -> str:
    return f"US$ {amount:.2f}".replace(".", ",")


def course_map(course: Course, done: Iterable[str], here: str = "") -> Picture:
    """The lessons with what is proven. `done` holds "lesson/step"; `here` is the lesson that shows the map."""
    proven, lines, rows = set(done), [], []
    for lesson in course.lessons:
        steps = (*lesson.steps, *([lesson.challenge] if lesson.challenge else []))
        count = sum(f"{lesson.id}/{step.id}" in proven for step in steps)
        mark, words = _lesson_state(count, len(steps))
        you = " ← você está aqui" if lesson.id == here else ""
        lines.append(f"{mark} {lesson.id[:2]} {lesson.title}: {count} de {len(steps)} ({words}){you}")
        bar = meter(count, len(steps), f"{count} de {len(steps)}")
        link = Html(f"<a href='{escape(lesson.id)}.ipynb'>{escape(lesson.title)}</a>")
        rows.append((lesson.id[:2], link, bar, f"{mark} {words}{you}"))
    drawn = table("Mapa do curso", ("Aula", "Título", "Passos comprovados", "Situação"), rows)
    return Picture("\n".join(["Mapa do curso", *lines]), drawn)


def _lesson_state(count: int, total: int) -> tuple[str, str]:
    if count >= total:
        return "✓", "completa"
    return ("◐", "em andamento") if count else ("○", "por fazer")
