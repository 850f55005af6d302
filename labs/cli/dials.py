"""`python3 -m labs.sandbox clock +13h | clock now | spend 6.00`: turn the lab's clock, and its bill."""

from __future__ import annotations

import argparse
import re
from datetime import datetime
from typing import TYPE_CHECKING

from labs.base.errors import CommandError
from labs.base.settings import Settings
from labs.base.text import dollars

if TYPE_CHECKING:
    from labs.seams.gateway_admin import GatewayAdmin

UNITS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400}
EXAMPLES = """\
python3 -m labs.sandbox clock          mostra o relógio do laboratório
python3 -m labs.sandbox clock +13h     adianta 13 horas (unidades: s, min, h, d; - atrasa)
python3 -m labs.sandbox clock now      volta à hora da máquina
python3 -m labs.sandbox spend 6.00     o gasto do mês na conta passa a ser US$ 6,00"""


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


def arguments(parser: argparse.ArgumentParser) -> None:
    dials = parser.add_subparsers(dest="dial", required=True, metavar="AJUSTE")
    turned = dials.add_parser("clock", help="mostra ou muda o relógio", description="Mostra ou muda o relógio.")
    turned.add_argument("value", nargs="?", default="", metavar="TEMPO", help="+13h, -2d ou now (padrão: só mostra)")
    spent = dials.add_parser("spend", help="muda o gasto do mês", description="Muda o gasto do mês.")
    spent.add_argument("value", metavar="DÓLARES", help="por exemplo 6.00")


def run(chosen: argparse.Namespace) -> int:
    """Turn one dial, and say where it stands.

    Raises:
        CommandError: the target is live, or the value is none of the dial's.
        SandboxError: the sandbox is not up.
    """
    from labs.seams.gateway_admin import GatewayAdmin

    settings = Settings.load()
    if settings.live:
        raise CommandError(
            "O relógio e o gasto do mês só mudam na sandbox, e o alvo de agora são as suas contas de verdade.",
            f"{chosen.dial} {chosen.value}",
            "python3 -m labs.target sandbox",
        )
    turn = {"clock": clock, "spend": spend}[chosen.dial]
    print(turn(GatewayAdmin(settings), chosen.value))
    return 0


def clock(admin: GatewayAdmin, value: str) -> str:
    """Turn the clock, where a value is given; says what it shows."""
    if value:
        admin.set_clock(offset(value, int(admin.clock()["offset_seconds"])))
    shown = admin.clock()
    moment = datetime.fromisoformat(shown["now"]).astimezone()
    return f"Relógio do laboratório: {moment:%d/%m/%Y %H:%M:%S} ({words(int(shown['offset_seconds']))})."


def spend(admin: GatewayAdmin, value: str) -> str:
    """Set the month's spending; says it, and the alerts that it set off."""
    amount = value.replace(",", ".")
    if not re.fullmatch(r"\d{1,6}(\.\d{1,2})?", amount):
        raise CommandError("Diga o gasto do mês em dólares.", value, "python3 -m labs.sandbox spend 6.00")
    last = max((event["seq"] for event in admin.events()), default=0)
    admin.spend(amount)
    lines = [f"Gasto do mês na conta do laboratório: {dollars(float(amount))}."]
    lines += [f"Alerta: {event['message']}" for event in admin.events(last) if event["kind"] == "alert"]
    return "\n".join(lines)
