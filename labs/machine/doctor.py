"""What this machine lacks and the exact next command; and the texts of `status` and `doctor`. Standard library only."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from labs.base import apt
from labs.base.errors import LabError, MissingDependency
from labs.base.settings import Settings, default_home
from labs.machine import environment, rootless, tools
from labs.sandbox import engine_choice, leftovers, network, parts, proof, reach

DISK_NEEDED = 2 * 1024**3
"""Environment 0.45 GB, base image, builds and two registries, with room to spare."""


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. `package` is the Debian package that would supply it, if one would."""

    name: str
    ok: bool
    observed: str
    next_command: str = ""
    package: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return asdict(self)


def examine() -> list[Finding]:
    """Look at everything that the kit needs; changes nothing that stays. Programs are asked for their versions, started
    as in a lab's terminal.
    """
    home = default_home()
    findings = [_python(), _environment(), _state_folder(home), _disk(home)]
    try:
        settings = Settings.load(home)
        findings.append(Finding("configuração", True, str(home / "settings.json")))
    except LabError as error:
        settings = Settings(home=home)
        findings.append(Finding("configuração", False, error.observed, error.next_command))
    private, engine = _engine(settings)
    programs = _programs(private)
    found = {item.name: item for item in programs if item.ok}
    said = tools.answers(settings, {name: tools.OF_THE_SYSTEM[name] for name in found})
    programs = [_answered(item, said[item.name]) if item.ok else item for item in programs]
    findings += [
        engine,
        *_container(settings),
        *_reach(settings),
        *programs,
        *_own_tools(settings),
        _registry(settings),
        *_ports(settings),
    ]
    return findings


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    return Finding("python", sys.version_info >= (3, 11), f"{version} em {sys.executable}", "")


def _environment() -> Finding:
    ready = environment.is_ready()
    observed = (
        f"pronto em {environment.folder()}" if ready else f"ainda não criado (ou desatualizado): {environment.folder()}"
    )
    return Finding("ambiente", ready, observed, "" if ready else "python3 -m labs start")


def _state_folder(home: Path) -> Finding:
    nearest = home
    while not nearest.exists() and nearest != nearest.parent:
        nearest = nearest.parent
    ok = nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK)
    observed = str(home) if ok else f"{nearest} não permite gravação"
    return Finding("pasta de estado", ok, observed, "" if ok else f"ls -ld '{nearest}'; export LABS_HOME=/outra/pasta")


def _disk(home: Path) -> Finding:
    nearest = home
    while not nearest.exists():
        nearest = nearest.parent
    free = shutil.disk_usage(nearest).free
    observed = f"{free / 1024**3:.1f} GB livres em {nearest}"
    return Finding("disco", free >= DISK_NEEDED, observed, "" if free >= DISK_NEEDED else f"df -h '{nearest}'")


def _engine(settings: Settings) -> tuple[bool, Finding]:
    """Whether the engine is (or would be) a private one, and the finding."""
    said: list[str] = []
    try:
        host = engine_choice.choose(settings, said.append)
    except LabError as error:
        if rootless.is_wanted():
            return True, _without_root()
        package = "docker.io" if _wants_docker(error) else ""
        command = _docker_command(error) if isinstance(error, MissingDependency) else error.next_command
        return True, Finding("engine", False, error.observed or error.what, command, package)
    private = host == settings.private_engine
    own = "do laboratório" if private else "seu (nunca será parado nem esvaziado)"
    return private, Finding("engine", True, "\n  ".join([f"{own}: {host}", *said]))


def _without_root() -> Finding:
    """Whether `start` can bring an engine up for an ordinary user."""
    try:
        rootless.require()
    except MissingDependency as error:
        return Finding("engine", False, error.observed, error.next_command)
    said = "nenhum responde; o start liga um do laboratório, sem root (rootlesskit)"
    return Finding("engine", True, "\n  ".join([said, *rootless.unusable()]))


def _container(settings: Settings) -> list[Finding]:
    """Whether a container runs in the engine of a lab that is up: one is run, and nothing of it stays."""
    if not leftovers.supervisor_alive(settings):
        return []
    error = proof.why_not(settings)
    if error is None:
        return [Finding("container", True, "um container da imagem base rodou até o fim")]
    return [Finding("container", False, f"{error.what}\n  {error.observed}", error.next_command)]


def _reach(settings: Settings) -> list[Finding]:
    """Whether the engine gets to the registries of a lab that is up, asked of itself."""
    if not leftovers.supervisor_alive(settings):
        return []
    observed, anew = reach.why_not(settings), "python3 -m labs down; python3 -m labs up"
    return [Finding("alcance", not observed, observed or "o engine alcança os registries", anew if observed else "")]


def _wants_docker(error: LabError) -> bool:
    """A package helps when `dockerd` is what is missing (as root, or once the installation has made one root's)."""
    return isinstance(error, MissingDependency) and engine_choice.dockerd() is None


def _docker_command(error: LabError) -> str:
    if apt.has_apt():
        return apt.install_command(["docker.io"])
    for tool, command in (
        ("dnf", "sudo dnf install -y moby-engine && sudo systemctl start docker"),
        ("pacman", "sudo pacman -S --noconfirm docker && sudo systemctl start docker"),
        ("zypper", "sudo zypper install -y docker && sudo systemctl start docker"),
        ("apk", "apk add docker && rc-service docker start"),
    ):
        if shutil.which(tool):
            return command
    return error.next_command


def _programs(private: bool) -> list[Finding]:
    needed = [("docker", "docker-cli" if engine_choice.dockerd() else "docker.io"), ("curl", "curl"), ("bash", "bash")]
    if private and sys.platform == "linux":
        needed.append(("ip", "iproute2"))
    return [_program(name, package) for name, package in needed]


def _program(name: str, package: str) -> Finding:
    path = shutil.which(name) or (name if Path(name).is_file() else "")
    if path:
        return Finding(name, True, path)
    command = (
        apt.install_command([package]) if apt.has_apt() else f"Instale {name} com o gerenciador de pacotes do sistema"
    )
    return Finding(name, False, "não está no PATH", command, package if apt.has_apt() else "")


def _answered(item: Finding, said: tuple[bool, str]) -> Finding:
    """A program that was found, by what it answers."""
    works, text = said
    if works:
        return replace(item, observed=f"{item.observed}: {text}")
    look = f"ls -l '{item.observed}'"
    return replace(item, ok=False, observed=f"{item.observed} não roda: {text}", next_command=look)


def _own_tools(settings: Settings) -> list[Finding]:
    """The environment's programs, and the client against the engine of a lab that is up."""
    asked = dict(tools.OF_THE_ENVIRONMENT) if environment.is_ready() else {}
    if leftovers.supervisor_alive(settings):
        asked["docker version"] = tools.ENGINE
    repairs = {"docker version": "python3 -m labs down; python3 -m labs up"}
    anew = f"rm -r '{environment.folder()}' && python3 -m labs start"
    return [
        Finding(name, works, text if works else f"não roda: {text}", "" if works else repairs.get(name, anew))
        for name, (works, text) in tools.answers(settings, asked).items()
    ]


def _registry(settings: Settings) -> Finding:
    unpacked = settings.sandbox / "tools" / "docker-registry" / "usr" / "bin" / "docker-registry"
    found = shutil.which("docker-registry") or (str(unpacked) if unpacked.is_file() else "")
    if found:
        return Finding("docker-registry", True, found)
    if apt.has_apt():
        return Finding("docker-registry", True, "será baixado no primeiro up (sem instalar serviço nenhum)")
    return Finding(
        "docker-registry", False, "não está no PATH", "Instale a CNCF Distribution 2.8+ como docker-registry no PATH"
    )


def _ports(settings: Settings) -> list[Finding]:
    if leftovers.supervisor_alive(settings):
        return []
    kept = asdict(settings.ports)
    return [
        Finding(
            f"porta {name}",
            False,
            f"{port} está com outro programa",
            f"ss -ltnp 'sport = :{port}'   (up escolhe outra)",
        )
        for name, port in kept.items()
        if port and not network.port_is_free(port)
    ]


SPELLING = (("hunspell", "hunspell"), ("/usr/share/hunspell/pt_BR.dic", "hunspell-pt-br"))
"""A spelling checker with its dictionary (a file, since it has no program)."""
ROOTLESS = tuple((name, rootless.PROGRAMS[name]) for name in ("rootlesskit", "slirp4netns", "newuidmap"))
TEST_PROGRAMS = (
    *(("skopeo", "skopeo"), ("chromium", "chromium"), ("mmdebstrap", "mmdebstrap")),
    *ROOTLESS,
    *SPELLING,
)
"""What only the tests need, with the package that brings it: a registry client that is not ours, a browser, the maker
of the Debian below the lab's image, and what a lab without root needs.
"""


def install_missing(
    say: Callable[[str], None],
    *,
    agree: Callable[[str], bool],
    extra: Sequence[tuple[str, str]] = (),
    lab: bool = True,
) -> None:
    """Install the Debian/Ubuntu packages that `up` needs here, and `extra` programs; says which and asks first.

    Args:
        lab: False where no lab is to start, so that neither an engine nor its programs are needed.

    Raises:
        MissingDependency: refused, impossible, or not this kind of system.
        EngineUnavailable: no engine answers, and no package would change that.
        StateError: the state folder's path is too long for an engine.
    """
    settings = Settings.load()
    for _ in range(2):  # docker.io brings the client on some releases; on others the second look asks for docker-cli
        private, engine = _engine(settings)
        if lab and not engine.ok and not engine.package:
            engine_choice.choose(settings)  # raises what the finding only tells
        needed = (*((engine, *_programs(private)) if lab else ()), *(_program(*program) for program in extra))
        missing = [item for item in needed if not item.ok]
        packages = list(dict.fromkeys(item.package for item in missing if item.package))
        if not packages:
            return
        _install(packages, missing, say, agree)


def _install(
    packages: list[str], missing: list[Finding], say: Callable[[str], None], agree: Callable[[str], bool]
) -> None:
    names = ", ".join(item.name for item in missing)
    if not apt.has_apt() or not agree(f"Faltam no sistema: {names} (pacotes: {' '.join(packages)}). Instalar agora?"):
        raise MissingDependency(
            f"Faltam programas do sistema: {names}.",
            "; ".join(f"{item.name}: {item.observed}" for item in missing),
            apt.install_command(packages) if apt.has_apt() else missing[0].next_command,
        )
    apt.install(packages, say)


# Texts --------------------------------------------------------------------------------------------


def findings_text(findings: list[Finding]) -> str:
    """One line per finding; what is missing has its next command below."""
    lines = []
    for item in findings:
        lines.append(f"{'✔' if item.ok else '✘'} {item.name:<16} {item.observed}")
        if not item.ok and item.next_command:
            lines.append(f"  Próximo comando: {item.next_command}")
    missing = sum(1 for item in findings if not item.ok)
    lines.append("Nada falta." if not missing else f"Itens a resolver: {missing}.")
    return "\n".join(lines)


def status_text(known: dict[str, Any]) -> str:
    """What runs, where, since when, for people."""
    targets = {"sandbox": "sandbox (nada sai desta máquina)", "live": "AO VIVO (as suas contas de verdade)"}
    lines = [f"Alvo: {targets[known['target']]}", f"Pasta: {known['home']}"]
    if not known["running"]:
        return "\n".join([*lines, "Laboratório parado. Próximo comando: python3 -m labs up"])
    lines.append(
        f"Laboratório {'saudável' if known['healthy'] else 'com problemas'}, de pé desde {_moment(known['since'])}"
    )
    engine = known["engine"]
    lines.append(f"Engine: {engine['host']} ({'do laboratório' if engine['private'] else 'seu'})")
    if not engine["answers"]:
        lines.append("⚠ O engine não responde. Próximo comando: docker version")
    if engine["unreached"]:
        lines.append(f"⚠ O engine não alcança os registries: {engine['unreached']}")
        lines.append("Próximo comando: python3 -m labs down; python3 -m labs up")
    lines += [f"{name.upper():<10} {address}" for name, address in known["addresses"].items()]
    lines.append(f"{'parte':<28} {'pid':>7}  {'desde':<19}  {'reinícios':>9}  {'memória':>8}  estado")
    for name, part in known["parts"].items():
        state = "ok" if part["healthy"] else part["observed"]
        memory = f"{part['rss_kib'] / 1024:.0f} MB"
        lines.append(
            f"{parts.TITLES.get(name, name):<28} {part['pid']:>7}  {_moment(part['since']):<19}"
            f"  {part['restarts']:>9}  {memory:>8}  {state}"
        )
    return "\n".join(lines)


def _moment(seconds: float) -> str:
    return time.strftime("%d/%m/%Y %H:%M:%S", time.localtime(seconds))
