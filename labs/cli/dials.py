"""`python3 -m labs.sandbox clock +13h | clock now | spend 6.00`: turn the lab's clock, and its bill."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from datetime import datetime

from labs.base.errors import CommandError, LabError
from labs.base.settings import Settings
from labs.seams.gateway_admin import GatewayAdmin

UNITS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400}
USAGE = """\
python3 -m labs.sandbox clock          mostra o relógio do laboratório
python3 -m labs.sandbox clock +13h     adianta 13 horas (unidades: s, min, h, d; - atrasa)
python3 -m labs.sandbox clock now      volta à hora da máquina
python3 -m labs.sandbox spend 6.00     o gasto do mês na conta passa a ser 6,00 USD"""


def offset(text: str, before: int) -> int:
    """Seconds against the machine's clock: `+13h` on top of `before`, `now` is zero.

    Raises:
        CommandError: it is neither.
    """
    if text in ("now", "agora"):
        return 0
    found = re.fullmatch(r"([+-])(\d{1,6})(s|min|m|h|d)", text)
    if not found:
        raise CommandError(f"Não entendi “{text}”.", text, "python3 -m labs.sandbox clock +13h")
    return before + int(f"{found[1]}{found[2]}") * UNITS[found[3]]


def words(seconds: int) -> str:
    """`13 h adiantado`, `na hora da máquina`."""
    if not seconds:
        return "na hora da máquina"
    hours, minutes = divmod(abs(seconds) // 60, 60)
    parts = [
        f"{hours} h" if hours else "",
        f"{minutes} min" if minutes else "",
        f"{abs(seconds) % 60} s" if abs(seconds) % 60 else "",
    ]
    return f"{' '.join(part for part in parts if part)} {'adiantado' if seconds > 0 else 'atrasado'}"


def clock(admin: GatewayAdmin, arguments: Sequence[str]) -> str:
    if arguments:
        admin.set_clock(offset(arguments[0], int(admin.clock()["offset_seconds"])))
    shown = admin.clock()
    moment = datetime.fromisoformat(shown["now"]).astimezone()
    return f"Relógio do laboratório: {moment:%d/%m/%Y %H:%M:%S} ({words(int(shown['offset_seconds']))})."


def spend(admin: GatewayAdmin, arguments: Sequence[str]) -> str:
    amount = arguments[0].replace(",", ".") if len(arguments) == 1 else ""
    if not re.fullmatch(r"\d{1,6}(\.\d{1,2})?", amount):
        raise CommandError("Diga o gasto do mês em dólares.", " ".join(arguments), "python3 -m labs.sandbox spend 6.00")
    last = max((event["seq"] for event in admin.events()), default=0)
    admin.spend(amount)
    lines = [f"Gasto do mês na conta do laboratório: {float(amount):.2f} USD.".replace(".", ",", 1)]
    lines += [f"Alerta: {event['message']}" for event in admin.events(last) if event["kind"] == "alert"]
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    commands = {"clock": clock, "spend": spend}
    if not given or given[0] not in commands or len(given) > 2:
        print(USAGE, file=sys.stdout if given in (["-h"], ["--help"]) else sys.stderr)
        return 0 if given in (["-h"], ["--help"]) else 2
    try:
        settings = Settings.load()
        if settings.live:
            raise CommandError(
                "O relógio e o gasto do mês só mudam na sandbox, e o alvo de agora são as suas contas de verdade.",
                " ".join(given),
                "python3 -m labs.target sandbox",
            )
        print(commands[given[0]](GatewayAdmin(settings), given[1:]))
    except LabError as error:
        print(error, file=sys.stderr)
        return 1
    return 0
