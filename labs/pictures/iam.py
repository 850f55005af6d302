"""Access keys as a page of the console would list them, and keys against SSO side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from labs.pictures.drawing import WIDTH, Drawing, fit
from labs.pictures.markup import table
from labs.pictures.picture import Picture, drawn

KEY_STATES = {"Active": "ativa", "Inactive": "inativa"}
MOST_KEYS = 2
"""Access keys that one user can have (IAM user guide, "IAM and AWS STS quotas")."""


def keys(user: str, rows: Sequence[Mapping[str, str]]) -> Picture:
    """A user's access keys: ids masked, no secret."""
    title = f"Access keys de {user}"
    cells = [(row["id"], KEY_STATES.get(row["status"], row["status"]), row["created"], row["used"]) for row in rows]
    lines = [f"  {key} · {status} · criada: {made} · último uso: {used}" for key, status, made, used in cells]
    text = "\n".join([title, *lines]) if cells else f"{title}: nenhuma."
    facts = table(title, ("Id", "Estado", "Criada em", "Último uso"), cells) if cells else ""
    said = f"{title}: {', '.join(f'{key} {status}' for key, status, _, _ in cells) or 'nenhuma'}."
    return drawn(title, text, _page(user, cells), facts, said=said)


def _page(user: str, cells: Sequence[tuple[str, str, str, str]]) -> Drawing:
    drawing = Drawing()
    drawing.box(4, 4, WIDTH - 8, 36, "soft")
    drawing.text(18, 27, fit(f"IAM  ›  Usuários  ›  {user}  ›  Credenciais de segurança", 690, 13), size=13, ink="mute")
    height = 76 + 46 * max(len(cells), 1)
    drawing.box(4, 50, WIDTH - 8, height, "plain")
    drawing.text(20, 78, f"Chaves de acesso ({len(cells)} de {MOST_KEYS})", size=16, bold=True)
    drawing.text(
        WIDTH - 20, 78, "a chave secreta não aparece: só existiu na criação", size=12, anchor="end", ink="mute"
    )
    for x, words in zip((20, 200, 360, 520), ("Id da chave", "Estado", "Criada em", "Último uso"), strict=True):
        drawing.text(x, 108, words, size=12, bold=True, ink="mute")
    drawing.line([(16, 118), (WIDTH - 16, 118)])
    for index, (key, status, made, used) in enumerate(cells):
        y = 146 + 46 * index
        active = status == "ativa"
        drawing.text(20, y, fit(key, 170, 14, mono=True), mono=True)
        drawing.badge(200, y - 5, f"{'✓' if active else '⊘'} {status}", "green" if active else "red")
        drawing.text(360, y, fit(made, 150), ink="ink")
        drawing.text(520, y, fit(used, 180))
        if index + 1 < len(cells):
            drawing.line([(16, y + 20), (WIDTH - 16, y + 20)])
    if not cells:
        drawing.text(20, 148, "Nenhuma access key.", ink="mute")
    return drawing


@dataclass(frozen=True)
class Credential:
    """What the lab's files hold of one way to log in. Empty `id`: nothing is stored. All of it can be shown."""

    profile: str
    id: str = ""
    identity: str = ""


ROWS = (
    ("O que fica guardado", "id e secret access key, em texto puro", "id, secret e session token, em texto puro"),
    ("Quanto tempo vale", "até alguém apagar", "algumas horas, e vence sozinha"),
    ("Se vazar", "quem achou usa até você desativar", "quem achou usa até vencer"),
    ("Para renovar", "criar outra, trocar em quem usa, apagar", "entrar de novo no navegador"),
    ("Quem é você", "um usuário IAM", "um role, por um tempo"),
)
"""Question, access key, SSO (IAM user guide, "Security best practices in IAM")."""


def keys_and_sso(key: Credential, sso: Credential) -> Picture:
    """Access key and SSO side by side: what is stored now, how long it lives, what a leak costs."""
    now = [_stored(key), _stored(sso)]
    rows = [("Agora, nos seus arquivos", *now), *ROWS]
    title = "Access key e SSO, lado a lado"
    lines = [line for label, *both in rows for line in (label, f"  access key: {both[0]}", f"  SSO: {both[1]}")]
    facts = table(title, ("", "Access key", "SSO"), rows)
    said = f"Access key: {now[0]}. SSO: {now[1]}."
    return drawn(title, "\n".join([title, *lines]), _side_by_side(key, sso), facts, said=said)


def _stored(credential: Credential) -> str:
    if not credential.id:
        return f"nada no perfil {credential.profile}"
    return f"perfil {credential.profile}, {credential.id}{f', {credential.identity}' if credential.identity else ''}"


def _side_by_side(key: Credential, sso: Credential) -> Drawing:
    drawing, width = Drawing(), 342.0
    for x, title, credential, column in ((10.0, "Access key", key, 1), (368.0, "SSO", sso, 2)):
        drawing.box(x, 10, width, 420, "plain")
        drawing.box(x, 10, width, 40, "amber" if column == 1 else "green")
        drawing.text(x + 14, 36, title, size=16, bold=True)
        drawing.text(x + width - 14, 36, "longa duração" if column == 1 else "temporária", size=13, anchor="end")
        drawing.box(x + 14, 60, width - 28, 70, "soft" if credential.id else "plain", dashed=not credential.id)
        drawing.text(x + 26, 80, "agora, nos seus arquivos", size=12, ink="mute")
        shown = f"[{credential.profile}] {credential.id or 'nada guardado'}"
        drawing.text(x + 26, 101, fit(shown, width - 50, 14, mono=True), mono=True)
        if credential.identity:
            drawing.text(x + 26, 121, fit(credential.identity, width - 50, 12), size=12, ink="mute")
        _life(drawing, x + 14, 150, width - 28, forever=column == 1)
        y = 228.0
        for row in ROWS:
            if row[0] == "Quanto tempo vale":
                continue
            drawing.text(x + 14, y, row[0], size=12, bold=True, ink="mute")
            y = drawing.paragraph(x + 14, y + 18, row[column], width - 28, size=14, ink="ink") + 14
    return drawing


def _life(drawing: Drawing, x: float, y: float, width: float, *, forever: bool) -> None:
    """How long a leak hurts: a bar that goes on, and one that ends."""
    drawing.text(x, y, "quanto tempo vale", size=12, bold=True, ink="mute")
    long = width - 12 if forever else width * 0.28
    drawing.box(x, y + 8, long, 16, "red" if forever else "green", round=3)
    if forever:
        drawing.line([(x + long - 2, y + 16), (x + width, y + 16)], "red", thick=True, arrow=True)
        drawing.text(x, y + 42, "até alguém apagar", size=13)
    else:
        drawing.line([(x + long, y + 2), (x + long, y + 30)], "green", thick=True)
        drawing.text(x + long + 8, y + 21, "vence sozinha", size=13)
        drawing.text(x, y + 42, "algumas horas", size=13)
