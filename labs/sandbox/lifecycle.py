"""`up` and `down` of the sandbox (`reset` is `first_day`'s).

`up` starts the supervisor, which starts all parts at once; waits until each answers a real request; then makes sure of
the accounts, the base image, a container that runs, and the learner's working copies. A file lock lets one of these run
at a time per state folder.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from labs.base import processes
from labs.base.errors import LabError, SandboxError, StateError
from labs.base.events import Report
from labs.base.files import locked_within
from labs.base.settings import CLONE, Settings
from labs.base.wait import Look, until
from labs.sandbox import (
    engine_choice,
    leftovers,
    network,
    own_engine,
    parts,
    proof,
    reach,
    real_names,
    registry_program,
    supervised,
)
from labs.sandbox.supervised import Part, PartState
from labs.seams import docker_files, engine_api

Decided = Callable[[Settings], None]
START_SECONDS = 300.0
"""Of what lives and does not answer yet: a loaded machine takes minutes. What dies again and again is told at once."""
LOCK_SECONDS = 300.0
HOPELESS = 4
"""Restarts in the sight of who waits, after which waiting for a part makes no sense."""
_DETACHED: list[subprocess.Popen[bytes]] = []
"""Supervisors that this process started and that outlive it. Dropped handles would be warned of as forgotten ones."""


def up(settings: Settings, report: Report = print, decided: Decided = lambda _: None) -> Settings:
    """Start the sandbox and wait until it is healthy; returns the settings of the chosen target, with ports and engine
    decided (saved).

    Args:
        decided: told those settings as soon as they are, before the parts answer: what can start beside them starts.

    Raises:
        LabError: with what happened, what was observed, and the next command.
    """
    prepare_folders(settings.sandboxed())
    with locked(settings):
        chosen = Settings.load(settings.home)
        settings = chosen.sandboxed()
        _prepare_programs(chosen)
        began = time.monotonic()
        running = leftovers.supervisor_alive(settings) and _engine_present(settings)
        if running and not _is_aimed(settings):
            report("O engine do laboratório liga de novo: o alvo das aulas mudou, e com ele a quem os nomes levam.")
            stop(settings, lambda _: None)
            running = False
        if running:
            decided(Settings.load(settings.home))
            _wait_healthy(settings, report)
        else:
            settings = _start_or_clean(settings, report, decided)
        real_names.prepare(settings)
        _ensure_content(settings, report)
        report("O laboratório já está de pé." if running else f"Laboratório de pé em {time.monotonic() - began:.1f} s.")
        return Settings.load(settings.home)


def prepare_folders(settings: Settings) -> None:
    """Create the state folder's skeleton, closed to other users.

    Raises:
        StateError: it cannot be written.
    """
    try:
        for folder in (
            settings.home,
            settings.run,
            settings.secrets,
            settings.sandbox,  # before what is in it: `parents` would make it with the umask's mode
            settings.sandbox / "logs",
            settings.docker_config,
            settings.aws_credentials_file.parent,
        ):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for folder in (settings.home, settings.secrets, settings.sandbox):
            if folder.stat().st_mode & 0o077:
                folder.chmod(0o700)
        if not os.access(settings.home, os.W_OK | os.X_OK):
            raise PermissionError(13, "Permission denied", str(settings.home))
    except OSError as error:
        raise StateError(
            "A pasta de estado do laboratório não pode ser criada ou gravada.",
            f"{error.filename or settings.home}: {error.strerror}",
            f"ls -ld '{settings.home}'; export LABS_HOME=/outra/pasta",
        ) from error


def _prepare_programs(settings: Settings) -> None:
    """What docker and curl would otherwise look for in the person's home, for both targets."""
    for one in {settings, settings.sandboxed()}:
        docker_files.prepare(one)
    settings.curl_home.mkdir(mode=0o700, exist_ok=True)
    (settings.curl_home / ".curlrc").touch()


def locked(settings: Settings) -> AbstractContextManager[None]:
    """One `up`, `down` or `reset` at a time for a state folder."""
    return locked_within(
        settings.home / ".lock",
        LOCK_SECONDS,
        "outro start, up, down ou reset deste laboratório terminar",
        next_command="python3 -m labs status",
    )


def _engine_present(settings: Settings) -> bool:
    return settings.has_private_engine or engine_choice.answers(settings.engine_host)


def _is_aimed(settings: Settings) -> bool:
    """Whether the lab's own engine finds, under the registries' names, those of the chosen target."""
    return not settings.has_private_engine or engine_api.proxy(settings.engine_host) == settings.names_proxy


def _start_or_clean(settings: Settings, report: Report, decided: Decided) -> Settings:
    """All or nothing: what a failed or interrupted start began is stopped again."""
    try:
        started = _start(settings, report)
        decided(Settings.load(started.home))
        _wait_healthy(started, report)
        return started
    except BaseException:
        with contextlib.suppress(LabError):  # the first error is the one to tell
            leftovers.sweep(settings)
            own_engine.forget_tunnel(Settings.load(settings.home))
        raise


def _start(settings: Settings, report: Report) -> Settings:
    """Everything between "nothing runs" and "the supervisor has started"."""
    if _take_over(settings, report):
        return settings
    if found := leftovers.sweep(settings):
        report(f"Removi restos de uma execução interrompida: {', '.join(found)}.")
    before = settings.engine_host
    host = engine_choice.choose(settings, report)
    decided = settings.with_changes(engine_host=host, ports=network.choose_ports(settings, report))
    if before and before != host:
        report(f"⚠ O engine mudou: antes {before}, agora {host}.")
    if decided != settings or not (settings.home / "settings.json").exists():
        decided.save()
    program = registry_program.registry_program(decided, report)
    bridge = network.ensure_bridge(decided) if decided.has_private_engine else ""
    tunnelled = own_engine.prepare(decided, report)
    report("Iniciando o laboratório …")
    planned = parts.specifications(decided, program, bridge, tunnelled=tunnelled)
    _write(_parts_file(decided), supervised.plan_text(planned))
    _start_supervisor(decided)
    return decided


def _take_over(settings: Settings, report: Report) -> bool:
    """A new supervisor for parts that outlived theirs and are what would be started now; returns whether it was done.

    Nothing of the learner's stops then, their containers least of all.
    """
    if not (leftovers.parts_outlived_supervisor(settings) and _engine_present(settings)):
        return False
    bridge = network.bridge_name(settings) if settings.has_private_engine else ""
    try:
        running = supervised.read_plan(str(_parts_file(settings)))
    except (OSError, ValueError):
        return False
    program = registry_program.registry_program(settings, report)
    if not parts.are_as_planned(
        running, parts.specifications(settings, program, bridge, tunnelled=_has_tunnel(running))
    ):
        return False
    report("O supervisor tinha parado; as outras partes continuam de pé.")
    _start_supervisor(settings)
    until("o supervisor começar", lambda: Look(leftovers.supervisor_alive(settings)), START_SECONDS)
    return True


def _has_tunnel(planned: Iterable[Part]) -> bool:
    return any(part.name == parts.TUNNEL for part in planned)


def _parts_file(settings: Settings) -> Path:
    return settings.sandbox / "parts.json"


def _start_supervisor(settings: Settings) -> None:
    """Detached, with nothing of ours: no terminal, no open files, no group, so that Ctrl-C does not reach it."""
    command = [
        sys.executable,
        "-S",
        "-m",
        "labs.sandbox.supervisor",
        str(_parts_file(settings)),
        str(leftovers.state_file(settings)),
    ]
    with _open_log(settings.sandbox / "logs" / "supervisor.log") as log:
        process = subprocess.Popen(
            _in_its_mounts(settings, command),
            cwd="/",
            env=parts.clean_environment(settings) | {"PYTHONPATH": str(CLONE)},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    _DETACHED[:] = [process, *(earlier for earlier in _DETACHED if earlier.poll() is None)]


def _in_its_mounts(settings: Settings, command: list[str]) -> list[str]:
    """The command where the parts and the engine's mounts are that outlived their supervisor, or where new ones will
    be.
    """
    survivors = leftovers.our_processes(settings) if settings.names_proxy else {}
    if survivors:
        return ["nsenter", "--mount", "--target", str(min(survivors)), *command]
    return real_names.without_dns(settings, command)


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, "utf-8")
    except OSError as error:
        raise StateError(
            "Não consegui gravar na pasta de estado.", f"{path}: {error.strerror}", f"df -h '{path.parent}'"
        ) from error


def _open_log(path: Path) -> Any:
    try:
        return path.open("ab")
    except OSError as error:
        raise StateError("Não consegui abrir o log.", f"{path}: {error.strerror}", f"ls -l '{path}'") from error


def _wait_healthy(settings: Settings, report: Report) -> None:
    """Until the supervisor says that every part answers, or that one dies again and again.

    Raises:
        SandboxError: one does not answer; with its last observation and the end of its log.
    """

    sick: dict[str, PartState] = {}
    first: dict[str, int] = {}

    def look() -> Look:
        nonlocal sick
        known = leftovers.read_state(settings).parts
        sick = {name: part for name, part in known.items() if not part.healthy}
        died = {name: part.restarts - first.setdefault(name, part.restarts) for name, part in sick.items()}
        worn = any(times >= HOPELESS for times in died.values())
        observed = "; ".join(f"{name}: {part.observed}" for name, part in sick.items())
        return Look(bool(known) and (worn or not sick), observed or "o supervisor não respondeu")

    try:
        until("todas as partes do laboratório responderem", look, START_SECONDS, report=report)
    except SandboxError as error:
        raise _explained(settings, sick, error.observed) from error
    if sick:
        raise _explained(settings, sick, "")


def _explained(settings: Settings, sick: dict[str, PartState], observed: str) -> SandboxError:
    """The error of the part that dies most often: others may be unwell only because they need it."""
    name = max(sick, key=lambda name: sick[name].restarts, default="supervisor")
    observed = observed or sick[name].observed
    log = settings.sandbox / "logs" / f"{name}.log"
    title = parts.TITLES.get(name, name)
    said = _last_lines(log)
    what = f"Uma parte do laboratório não ficou saudável: {title}."
    if "no space left" in said.lower():
        return SandboxError(f"{what} O disco está cheio.", said, f"df -h '{settings.home}'")
    return SandboxError(what, f"{observed}\n{said}", f"tail -n 40 '{log}'; python3 -m labs down; python3 -m labs up")


def _last_lines(log: Path, count: int = 12) -> str:
    try:
        return "\n".join(log.read_text("utf-8", errors="replace").splitlines()[-count:])
    except OSError:
        return ""


def _ensure_content(settings: Settings, report: Report) -> None:
    """Accounts, base image, seeded images, working copies: at the first `up` minutes of typing, later milliseconds."""
    from labs.sandbox import seeds, workspace  # need what a bare machine lacks

    def images() -> None:
        base = own_engine.ensure_base(settings, report)
        real_names.adopt(settings)
        proof.require(settings, base)
        reach.require(settings, parts.TUNNEL in leftovers.read_state(settings).parts)
        workspace.ensure(Settings.load(settings.home))
        seeds.seed_hub(settings, base, report)

    with ThreadPoolExecutor(max_workers=2) as workers:
        jobs = [workers.submit(images), workers.submit(workspace.ensure_wheels, settings, report)]
        seeds.ensure_accounts(settings)
        for job in jobs:
            job.result()


def down(settings: Settings, report: Report = print) -> None:
    """Stop the sandbox, keeping the learner's state; says so when there is nothing to stop.

    Raises:
        SandboxError: something cannot be stopped.
    """
    if not settings.home.is_dir():
        report("O laboratório já está parado.")
        return
    with locked(settings):
        stop(load_or_defaults(settings), report)


def load_or_defaults(settings: Settings) -> Settings:
    """Stopping must work with a damaged settings file too."""
    try:
        return Settings.load(settings.home).sandboxed()
    except StateError:
        return settings


def stop(settings: Settings, report: Report) -> None:
    state = leftovers.read_state(settings)
    _stop_private_containers(settings)
    was_running = processes.is_alive(state.pid, state.start)
    if was_running:
        report("Parando o laboratório …")
        processes.stop(state.pid, state.start, leftovers.SUPERVISOR_SECONDS, "supervisor")
    found = leftovers.sweep(settings)
    own_engine.forget_tunnel(settings)
    if was_running:
        report("Laboratório parado; seu trabalho continua guardado.")
    elif found:
        report(f"O supervisor não estava de pé; removi o que sobrou: {', '.join(found)}.")
    else:
        report("O laboratório já está parado.")


def _stop_private_containers(settings: Settings) -> None:
    """Let the learner's containers end by themselves; an engine that does not answer is swept afterwards."""
    host = settings.private_engine
    if not engine_api.ping(host, timeout=5):
        with contextlib.suppress(LabError):
            engine_api.stop_containers(host)
