"""The approval page of the device flow: plain HTML, works by keyboard and screen reader, loads nothing."""

from __future__ import annotations

import html

_STYLE = """
:root { color-scheme: light dark; font: 1.125rem/1.6 system-ui, sans-serif }
body { max-width: 34rem; margin: 3rem auto; padding: 0 1rem }
code, input, output { font: 1.5rem ui-monospace, monospace; letter-spacing: .08em }
output { font-size: 2.2rem; font-weight: bold }
code { font-size: 1.1rem; letter-spacing: 0 }
button { font: inherit; padding: .6rem 1.6rem; margin-top: 1rem; border: 2px solid; border-radius: .4rem;
  cursor: pointer; background: #0b57d0; color: #fff }
:focus-visible { outline: 3px solid #e8710a; outline-offset: 3px }
"""


def page(title: str, text: str, form: str | None = None) -> str:
    """A whole page. `form` is the code to approve; empty asks for one; None shows no form. `text` is trusted HTML."""
    return (
        '<!doctype html>\n<html lang="pt-BR">\n<head><meta charset="utf-8">'
        f"<title>{html.escape(title)} · laboratório</title>"
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head>\n<body><main>'
        f"<h1>{html.escape(title)}</h1>\n{text}\n{_form(form)}</main></body>\n</html>\n"
    )


def _form(code: str | None) -> str:
    if code is None:
        return ""
    if not code:
        return (
            '<form method="get" action="/sso/device"><p><label for="c">Código</label><br>'
            '<input id="c" name="user_code" maxlength="9" autocomplete="off" required autofocus></p>'
            "<button>Continuar</button></form>\n"
        )
    shown = html.escape(code, quote=True)
    return (
        f'<p><output aria-label="Código">{shown}</output></p>\n<form method="post" action="/sso/device">'
        f'<input type="hidden" name="user_code" value="{shown}"><button>Aprovar acesso</button></form>\n'
    )
