"""The root user's security credentials as the console shows them, with AWS's warning for who would make a key there.

Words are large: a page is read from a lesson's narrow column too. The warning is AWS's own, retold (IAM user guide,
"Create access keys for the root user" and "Alternatives to long-term access keys").
"""

from __future__ import annotations

from labs.pictures.drawing import WIDTH, Drawing, Tone, fit
from labs.pictures.markup import table
from labs.pictures.picture import Picture, drawn

PAGE = "IAM  ›  Credenciais de segurança  ›  usuário root"
WARNING = "Chaves de acesso do usuário root não são recomendadas"
WHY = "Nenhuma política limita o root: quem tem a chave pode tudo."
INSTEAD = (
    "um role, ou o IAM Identity Center (SSO): credenciais que vencem",
    "se precisar de uma chave: a de um usuário IAM, com o mínimo",
)
CONSENT = "Entendo que não é a melhor prática, e quero criar mesmo assim."
LETTERS = 18


def root_page(keys: int, mfa: bool) -> Picture:
    """What the account's summary says of its root user, and what the button to make a key leads to."""
    title = "Credenciais de segurança do usuário root"
    states = [
        ("Autenticação multifator (MFA)", *(("ligada", True) if mfa else ("desligada: ligue na sua conta", False))),
        ("Chaves de acesso", *(("nenhuma, como deve ser", True) if not keys else ("há chave: apague-a", False))),
    ]
    alternatives = [f"  em vez disso: {one}" for one in INSTEAD]
    text = [
        title,
        *(f"  {name}: {state}" for name, state, _ in states),
        f"Quem aperta “Criar chave de acesso” lê: {WARNING}. {WHY}",
        *alternatives,
        f"  para continuar seria preciso marcar: “{CONSENT}” Não marque.",
    ]
    rows = [(name, state) for name, state, _ in states]
    rows += [("Aviso", f"{WARNING}. {WHY}"), *(("Em vez disso", one) for one in INSTEAD), ("Caixa a marcar", CONSENT)]
    said = ". ".join(f"{name}: {state}" for name, state, _ in states)
    return drawn(title, "\n".join(text), _draw(states), table(title, ("O quê", "Como está"), rows), said=f"{said}.")


def _draw(states: list[tuple[str, str, bool]]) -> Drawing:
    drawing = Drawing()
    drawing.box(4, 4, WIDTH - 8, 44, "soft")
    drawing.text(20, 32, fit(PAGE, WIDTH - 40, LETTERS), size=LETTERS, ink="mute")
    y = 60.0
    for name, state, good in states:
        drawing.box(4, y, WIDTH - 8, 72, "plain")
        drawing.text(24, y + 30, name, size=20, bold=True)
        mark: Tone = "green" if good else "amber"
        words = f"{'✓' if good else '⚠'} {state}"
        drawing.text(24, y + 58, words, size=LETTERS, bold=True, ink=mark)  # type: ignore[arg-type]
        y += 82
    drawing.box(WIDTH - 264, y - 66, 244, 40, "soft", round=20)
    drawing.text(WIDTH - 142, y - 40, "Criar chave de acesso", size=LETTERS, bold=True, anchor="middle")
    drawing.line([(WIDTH - 142, y - 26), (WIDTH - 142, y + 24)], "amber", thick=True, arrow=True)
    _warning(drawing, y + 26)
    return drawing


def _warning(drawing: Drawing, y: float) -> None:
    drawing.box(4, y, WIDTH - 8, 268, "amber", thick=True)
    drawing.text(24, y + 36, f"⚠ {WARNING}", size=20, bold=True)
    line = drawing.paragraph(24, y + 70, WHY, WIDTH - 60, size=LETTERS, ink="ink") + 10
    drawing.text(24, line, "Em vez disso:", size=LETTERS, bold=True)
    for one in INSTEAD:
        line += 30
        drawing.text(24, line, f"✓ {one}", size=LETTERS)
    drawing.line([(24, line + 18), (WIDTH - 24, line + 18)])
    drawing.text(24, line + 48, f"☐ {CONSENT}", size=LETTERS, ink="mute")
    drawing.text(24, line + 78, "Não marque: feche esta página.", size=LETTERS, bold=True)
