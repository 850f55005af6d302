"""What the sandbox does about an engine that is not its own: whether it gets to the registries, where it publishes."""

from __future__ import annotations

import contextlib
import ipaddress

from labs.base.errors import LabError
from labs.base.events import Report
from labs.base.settings import Settings
from labs.sandbox import engine_choice, reach
from labs.sandbox.tunnel import container
from labs.seams import engine_api


def prepare(settings: Settings, report: Report) -> bool:
    """Before the parts start: tell what differs from the lab's own engine; returns whether a tunnel must bring the
    registries to this one.

    Raises:
        LabError: it does not answer, or a tunnel cannot be made there.
    """
    if settings.has_private_engine:
        return False
    if published := beyond_loopback(engine_api.default_publishing(settings.engine_host)):
        report(
            f"⚠ O seu engine Docker publica portas em {published}: um container com -p 3000:3333 fica aberto à rede, e"
            " não só a esta máquina. Para fechar, digite -p 127.0.0.1:3000:3333, que todo passo aceita."
        )
    if reach.is_on_this_loopback(settings.engine_host, settings.ports.hub):
        return False
    ensure_base(settings, report)  # the tunnel is made of it
    name = container.name(settings)
    report(f"O seu engine Docker tem um 127.0.0.1 só dele; o container {name} leva os registries até lá.")
    return True


def beyond_loopback(address: str) -> str:
    """The address, where more than its own machine reaches it."""
    with contextlib.suppress(ValueError):
        return "" if ipaddress.ip_address(address).is_loopback else address
    return ""


def ensure_base(settings: Settings, report: Report) -> str:
    """The base image's name; what the engine held before is written down first.

    Raises:
        LabError: it can neither be made nor pulled, or the ledger cannot be written.
    """
    from labs.sandbox import base_image, noted  # need what a bare machine lacks

    noted.note(settings)
    base = base_image.ensure(settings, report)
    noted.saw_base(settings, base)
    return base


def forget_tunnel(settings: Settings) -> None:
    """Remove what a tunnel that was killed left in the engine. One that does not answer has ended it, or will: the
    container lives no longer than this machine's end.
    """
    if settings.engine_host and not settings.has_private_engine and engine_choice.answers(settings.engine_host):
        with contextlib.suppress(LabError):
            container.remove(settings)
