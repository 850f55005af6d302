"""What the first `up` would fetch, fetched while the environment is installed: `python -m labs.sandbox.fetch`.

Standard library only. It tells nothing of what fails: `up` asks for the same things, and says why it gets none.
"""

from __future__ import annotations

import contextlib
import sys
from concurrent.futures import ThreadPoolExecutor

from labs.base import apt
from labs.base.errors import LabError
from labs.base.events import Report
from labs.base.settings import Settings
from labs.sandbox import base_image, engine_choice, lifecycle, registry_program, workspace


def ahead(settings: Settings, report: Report) -> None:
    """The registry, the base image's archive and the wheels of widget-server: apt and pip side by side."""
    with contextlib.suppress(LabError):
        lifecycle.prepare_folders(settings)
        with ThreadPoolExecutor(max_workers=2) as workers:
            wheels = workers.submit(workspace.fetch_wheels, settings, report)
            _system_packages(settings, report)
            wheels.result()


def _system_packages(settings: Settings, report: Report) -> None:
    registry_program.registry_program(settings, report)
    if apt.has_apt() and not base_image.present(engine_choice.choose(settings)):
        base_image.build_archive(settings, report)


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")  # one write a line: two threads report
    sys.stderr.flush()


def main(arguments: list[str]) -> int:
    """Fetch for the default state folder; whoever types it is told what it is."""
    if arguments:
        print("A busca antecipada é uma parte do start: não se inicia à mão.\nPróximo comando: python3 -m labs start")
        return 0 if set(arguments) & {"-h", "--help"} else 2
    with contextlib.suppress(KeyboardInterrupt, LabError):
        ahead(Settings.load().sandboxed(), _say)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
