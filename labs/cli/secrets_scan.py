"""`python3 -m labs.secrets_scan`: say where a secret of this lab is out of place."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

from labs.base.errors import LabError
from labs.base.settings import Settings

if TYPE_CHECKING:
    from labs.secrecy.scan import Report

FOUND, NOT_ALL_READ = 1, 2
"""Exit codes: a secret is out of place; not all could be looked at."""


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="saída em JSON")


def run(chosen: argparse.Namespace) -> int:
    """Print what was found."""
    from labs.secrecy.scan import Scan

    try:
        report = Scan(Settings.load()).run()
    except LabError as error:
        print(error, file=sys.stderr)
        return NOT_ALL_READ
    print(json.dumps(asdict(report), indent=2, ensure_ascii=False) if chosen.json else _told(report))
    return FOUND if report.findings else NOT_ALL_READ if report.unread else 0


def _told(report: Report) -> str:
    looked = f"{report.files} arquivos, {report.bytes >> 20} MB, {report.processes} processos, {report.seconds} s"
    lines = [f"{one.kind}: {one.place}\n    contém o segredo de {one.secret}" for one in report.findings]
    lines += [f"⚠ Não consegui ler: {one}\n    Próximo comando: python3 -m labs doctor" for one in report.unread]
    if not report.findings:
        return "\n".join([*lines, f"Nenhum segredo fora do lugar no que foi lido ({looked})."])
    lines.append(f"{len(report.findings)} segredos fora do lugar ({looked}).")
    lines.append("Próximo comando: apague o que está acima e troque a chave: python3 -m labs reset")
    return "\n".join(lines)
