"""`python3 -m labs test`: pytest in state folders of its own, and nothing left running afterwards.

The whole suite runs in lanes: several pytest processes at the same time, each with a network of its own, so that the
literal `-p 3000:3333` of the course meets nobody, neither in another lane nor on this machine. What they would
download is fetched before. Named tests (`python3 -m labs test tests/unit -k foo`) run in one plain pytest.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from labs.base import apt
from labs.base.errors import LabError
from labs.base.events import Report
from labs.base.settings import CLONE, FIRST_PORT, PORTS, Settings
from labs.develop import engines, image, measuring
from labs.machine import packing
from labs.sandbox import base_image, host_ports, leftovers, registry_program, workspace

RUN = (sys.executable, "-m")
HOMES = "LABS_TEST_HOMES"
"""Environment variable: the folder in which the tests make their state folders."""
NOT_OURS = (
    "DOCKER_HOST",
    "DOCKER_CONTEXT",
    "DOCKER_CONFIG",
    "AWS_PROFILE",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
)
STYLE = ("tests/portuguese", "tests/javascript", "widget-server")
LANES = {
    "curso": ("tests/parity", "tests/notebooks", "tests/hostile"),
    "sandbox": ("tests/sandbox", "tests/engine", "tests/live"),
    "engines": ("tests/every_engine",),
    "imagem": ("tests/image", "tests/rootless"),
    "falhas": ("tests/faults", "tests/browser", "tests/setup", "tests/unit", *STYLE),
}
"""What pytest gets in each lane, by the lane's name; balanced by time. One more lane is one more row. Folders that look
at the same course done (`tests/courses.py`) stay together: notebooks with hostile.
"""
FAST = {
    "unidade-a-f": ("tests/unit", "--ignore-glob=*/test_[g-z]*.py"),
    "unidade-g-z": ("tests/unit", "--ignore-glob=*/test_[a-f]*.py", "--ignore=tests/unit/test_style.py"),
    "estilo": ("tests/unit/test_style.py", *STYLE),
}
"""The lanes of `--fast`, balanced by time: nothing here starts a sandbox."""
COURSE_PORTS = range(FIRST_PORT, FIRST_PORT + PORTS)
"""Host ports that stand literally in the course's commands."""
OWN_NETWORK = """
ip link set lo up
new=$(mktemp -d)
mount -t sysfs sysfs "$new"
mount --rbind /sys/fs/cgroup "$new/fs/cgroup"
mount --move "$new" /sys
rmdir "$new"
exec "$@"
"""
"""Run by `unshare --net --mount`: /sys tells the network devices of the namespace that it was mounted in."""
LOGS = CLONE / "artifacts" / "tests"
OUTCOMES = ("failed", "passed", "skipped", "deselected", "xfailed", "xpassed", "warning", "error")
"""Words of pytest's closing line, in its order; the last two take an s."""
CLOSING = re.compile(r"^(?:=+ )?((?:\d+ [a-z]+(?:, )?)+) in [\d.]+s\b")


@dataclass
class Running:
    """The pytest processes of this run; Ctrl-C and SIGTERM reach each as Ctrl-C, so that fixtures tear down."""

    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)
    interrupted: bool = False

    def interrupt(self, _number: int, _frame: FrameType | None) -> None:
        self.interrupted = True
        for process in self.processes:
            process.send_signal(signal.SIGINT)

    def start(self, command: Sequence[str], homes: Path, output: int | None = None) -> subprocess.Popen[bytes]:
        """In a process group of its own: a terminal's Ctrl-C comes from us, once, and not to what the tests started."""
        process = subprocess.Popen(
            command, cwd=CLONE, env=_environment(homes), stdin=subprocess.DEVNULL, stdout=output, process_group=0
        )
        self.processes.append(process)
        if self.interrupted:
            process.send_signal(signal.SIGINT)
        return process


@contextlib.contextmanager
def _interruptible() -> Iterator[Running]:
    running = Running()
    previous = {number: signal.signal(number, running.interrupt) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield running
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def install_javascript_tools(say: Report) -> None:
    """biome and tsc, once for each lock; where they cannot be had, the tests that need them fail and say why."""
    command = [sys.executable, "-m", "tests.javascript"]
    answer = subprocess.run(command, cwd=CLONE, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    if answer.returncode != 0:
        say(f"Sem as ferramentas de JavaScript dos testes: {answer.stderr.strip()}")


def run(arguments: Sequence[str], say: Report) -> int:
    """Run one pytest; returns its exit code. pytest's own closing line is the last one on stdout."""
    if taken := taken_ports():
        say(f"{_ports(taken)} Os testes que executam os comandos do curso vão falhar.")
    homes = Path(tempfile.mkdtemp(prefix="labs-"))
    try:
        sys.stdout.flush()
        with _interruptible() as running:
            return running.start([*RUN, "pytest", *arguments], homes).wait()
    finally:
        sweep(homes, say)


def run_fast(extra: Sequence[str], say: Report) -> int:
    """What a contributor runs all day: the lanes of `FAST`, which need neither sandbox nor a network of their own."""
    return _run_lanes(FAST, extra, say, at_once=True)


def run_whole(extra: Sequence[str], say: Report) -> int:
    """The whole suite, measured; returns 0 only if every lane passed and the measure reached its floor. The last line
    on stdout sums the lanes' closing lines up.

    Args:
        extra: options for every lane's pytest.

    Raises:
        LabError: one of the course's ports is taken, and the tests cannot have a network of their own.
    """
    prefix = own_network()
    with tempfile.TemporaryDirectory(prefix="labs-cache-") as cache:
        if prefix:
            os.environ.setdefault("LABS_CACHE", cache)
            fetch(say)
        elif taken := taken_ports():
            raise LabError(
                f"{_ports(taken)} A suíte precisa dela livre.",
                "sem root os testes não têm uma rede própria",
                f"ss -ltnp 'sport = :{taken[0]}'   (encerre quem responde ali e repita: python3 -m labs test)",
            )
        else:
            say("Sem uma rede para cada faixa (precisa de root): as faixas rodam uma depois da outra.")
        return _run_lanes(LANES, extra, say, prefix=prefix, at_once=bool(prefix), measured=True)


def own_network() -> tuple[str, ...]:
    """The words that give the command after them a network of its own; none where that cannot be."""
    words = ("unshare", "--net", "--mount", "sh", "-ec", OWN_NETWORK, "sh")
    if os.geteuid() != 0 or not apt.has_apt():  # without apt the base image is pulled by each engine
        return ()
    try:
        answer = subprocess.run([*words, "true"], capture_output=True, timeout=30, check=False)
        return words if answer.returncode == 0 else ()
    except (OSError, subprocess.TimeoutExpired):
        return ()


def fetch(say: Report) -> None:
    """Everything that a sandbox downloads, into the cache that all lanes read: they have no way out.

    Raises:
        LabError: something cannot be fetched.
    """
    with tempfile.TemporaryDirectory(prefix="labs-fetch-") as home, ThreadPoolExecutor() as workers:
        settings = Settings(home=Path(home))
        jobs = [
            workers.submit(part, settings, say)
            for part in (base_image.build_archive, registry_program.registry_program, workspace.ensure_wheels)
        ]
        cache = registry_program.cache(settings)
        jobs += [workers.submit(part, cache, say) for part in (packing.fetch_wheels, packing.fetch_debs)]
        newer = [workers.submit(engines.fetch, suite, cache, say) for suite in engines.SUITES]
        newer.append(workers.submit(image.base, cache, say))
        for job in jobs:
            job.result()
        newer.append(workers.submit(image.given, settings, say))  # of what the others brought
        for fetched in newer:
            try:
                fetched.result()
            except LabError as error:
                say(f"{error}\nOs testes que precisam disso ficam de fora, e dizem por quê.")


def taken_ports() -> list[int]:
    """Which of the course's ports somebody on this machine listens on."""
    return [port for port in COURSE_PORTS if host_ports.is_taken(port)]


def _ports(taken: Sequence[int]) -> str:
    return f"Porta ocupada nesta máquina: {', '.join(map(str, taken))}."


def _run_lanes(
    lanes: Mapping[str, Sequence[str]],
    extra: Sequence[str],
    say: Report,
    *,
    prefix: Sequence[str] = (),
    at_once: bool,
    measured: bool = False,
) -> int:
    began = time.monotonic()
    sys.stdout.flush()
    if measured:
        measuring.begin()
    start = [*prefix, *(measuring.RUN if measured else RUN), "pytest"]
    with _interruptible() as running:
        made = [
            Lane(name, [*start, *arguments, *extra, "-o", f"cache_dir=.pytest_cache/{name}"], running, say)
            for name, arguments in lanes.items()
        ]
        for lane in made:
            lane.thread.start()
            if not at_once:
                lane.thread.join()
        for lane in made:
            lane.thread.join()
    code = next((lane.code for lane in made if lane.code), 0)
    logs = [lane for lane in made if lane.code and lane.log.exists()]
    _tell_failures({lane.name: lane.log.read_text("utf-8", "replace") for lane in logs})
    if measured and not running.interrupted:
        said, reached = measuring.total()
        print(said)
        code = code or int(not reached)
    print(closing_line([lane.closing for lane in made], time.monotonic() - began), flush=True)
    return code


def _tell_failures(told: Mapping[str, str]) -> None:
    """What failed, lane by lane, and then every failed test by its name: the one list that is never cut."""
    for tell in (failures, failed):
        for lane, text in told.items():
            for line in tell(text).splitlines():
                print(f"{lane} │ {line}")


def failed(told: str) -> str:
    """pytest's lines that name the failed tests."""
    return "\n".join(re.findall(r"^(?:FAILED|ERROR) .*$", told, re.MULTILINE))


def failures(told: str, most: int = 200) -> str:
    """What pytest told of failed tests, at most its last lines: beside other lanes' it stands far above the end."""
    found = re.search(
        r"^=+ (?:FAILURES|ERRORS) =+$.*?(?=^=+ (?:warnings|slowest|short)|\Z)", told, re.DOTALL | re.MULTILINE
    )
    return "\n".join((found[0] if found else told).splitlines()[-most:])


class Lane:
    """One pytest among others: its lines go to stdout behind its name as they come, and to a file of `artifacts/`."""

    _turn = threading.Lock()

    def __init__(self, name: str, command: Sequence[str], running: Running, say: Report) -> None:
        self.name, self._command, self._running, self._say = name, command, running, say
        self.thread = threading.Thread(target=self._run)
        self.log = LOGS / f"{name}.txt"
        self.closing = ""
        self.code = 2
        """pytest's; 2 is its word for a run that was interrupted, or never began."""

    def _run(self) -> None:
        if self._running.interrupted:
            return
        homes = Path(tempfile.mkdtemp(prefix="labs-"))
        LOGS.mkdir(parents=True, exist_ok=True)
        try:
            with (
                self.log.open("wb") as log,
                self._running.start(self._command, homes, subprocess.PIPE) as process,
            ):
                for line in process.stdout or ():
                    log.write(line)
                    self._show(line.decode(errors="replace"))
            self.code = process.returncode
        finally:
            sweep(homes, self._say)

    def _show(self, line: str) -> None:
        if CLOSING.match(line):
            self.closing = line
        with self._turn:
            sys.stdout.write(f"{self.name} │ {line.rstrip()}\n")
            sys.stdout.flush()


def closing_line(lines: Sequence[str], seconds: float) -> str:
    """One closing line in pytest's words for several; a lane that ended without one counts as an error."""
    counts: Counter[str] = Counter()
    for line in lines:
        found = CLOSING.match(line)
        for number, word in re.findall(r"(\d+) ([a-z]+)", found[1] if found else "1 error"):
            counts[word.removesuffix("s")] += int(number)
    told = [
        f"{counts[word]} {word}{'s' * (word in OUTCOMES[-2:] and counts[word] > 1)}"
        for word in OUTCOMES
        if counts[word]
    ]
    return f" {', '.join(told)} in {seconds:.2f}s ".center(80, "=")


def _environment(homes: Path) -> dict[str, str]:
    environment = {name: value for name, value in os.environ.items() if name not in NOT_OURS}
    environment |= {HOMES: str(homes), "LABS_ENGINE": "private"}
    environment.setdefault("LABS_HOME", str(homes / "home"))
    paths = [str(CLONE), *filter(None, environment.get("PYTHONPATH", "").split(os.pathsep))]
    environment["PYTHONPATH"] = os.pathsep.join(dict.fromkeys(paths))
    return environment


def sweep(homes: Path, say: Report) -> None:
    """Stop and delete every sandbox below a folder; silent when the fixtures already did."""
    for home in sorted(homes.iterdir()) if homes.is_dir() else []:
        try:
            if found := leftovers.sweep(Settings(home=home)):
                say(f"Sobra de um teste interrompido em {home}: {', '.join(found)}.")
        except LabError as error:
            say(str(error))
    with contextlib.suppress(LabError):
        leftovers.remove_tree(homes)
