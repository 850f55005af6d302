"""The page that a teacher prints and cuts: the address, and a name and a code on each slip."""

from __future__ import annotations

from html import escape

from labs.classroom.accounts import TEACHER, Codes

STYLE = """
body { font: 16px/1.4 system-ui, sans-serif; margin: 1cm; }
ul { display: grid; grid-template-columns: 1fr 1fr; list-style: none; padding: 0; }
li { border: 1px dashed #888; padding: 0.5cm; break-inside: avoid; }
b { font: 600 20px ui-monospace, monospace; }
"""


def page(address: str, codes: Codes) -> str:
    """The whole page; the teacher's own code is not on it."""
    slips = "\n".join(
        f"<li>Endereço: <b>{escape(address)}</b><br>Nome: <b>{escape(name)}</b><br>Código: <b>{escape(code)}</b></li>"
        for name, code in codes.items()
        if name != TEACHER
    )
    return f"""<!doctype html>
<html lang="pt-BR"><meta charset="utf-8"><title>Códigos da turma</title><style>{STYLE}</style>
<h1>Códigos da turma</h1>
<p>Curso de registries de containers. No código, maiúsculas e o hífen não importam.</p>
<ul>
{slips}
</ul>
</html>
"""
