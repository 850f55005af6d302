"""JupyterLab for `start`: its own configuration, data and history below the state folder, in Portuguese, on loopback.

The learner's own Jupyter settings are neither read nor written: every `JUPYTER*_DIR` and `IPYTHONDIR` points into
the lab.
"""

from __future__ import annotations

import contextlib
import html
import json
import os
import signal
import subprocess
import sys
import webbrowser
from collections.abc import Iterator
from pathlib import Path

from labs import sandbox
from labs.base import listening, processes
from labs.base.errors import LabError, SandboxError
from labs.base.events import Report
from labs.base.files import write_atomic
from labs.base.foreign import without_foreign
from labs.base.settings import Settings
from labs.base.wait import Look, until
from labs.jupyter import configuration, hub, keeper
from labs.jupyter.configuration import folder, notebook_to_open, token
from labs.sandbox import network
from labs.seams.unix_http import request

START_SECONDS = 300.0
"""Of one that lives and does not answer yet: a loaded machine takes minutes. That it ended is told at once."""
STOP_SECONDS = 15.0
ROUNDS = 3
"""A kernel that is being ended may still start what its step was about to."""


class _Stop(Exception):
    """SIGTERM or SIGHUP: leave as on Ctrl-C."""


def start(settings: Settings, report: Report, *, port: int = 8888, browser: bool = True) -> int:
    """Sandbox up, JupyterLab up; then this process waits as `keeper.py` for Ctrl-C or SIGTERM, and stops both.

    Returns:
        The exit code, where it does not come to that: they run already, or the start was interrupted.

    Raises:
        LabError: one of them does not start.
    """
    if running := running_address(settings):
        report(f"O JupyterLab deste laboratório já está aberto: {running}")
        return 0
    end_orphans(settings, report)
    listening.reached_at()  # what was mistyped is told before anything starts
    process, here = None, 0

    def beside(decided: Settings) -> None:  # while the parts of the sandbox start
        nonlocal process, here
        here = hub.port() or _free_port(port, report)
        process = begin(decided, here)

    with _stop_signals():
        try:
            settings = sandbox.up(settings, report, beside)
            assert process is not None  # `up` has decided
            address = wait_until_ready(settings, process, here, report)
            report(f"JupyterLab pronto: {address}")
            report("Ctrl-C nesta janela para tudo (seu trabalho fica guardado).")
            if browser:
                open_browser(settings, address)
            keeper.stay(process.pid)
            return 0  # never: this process is another by now
        except (KeyboardInterrupt, _Stop):
            ignore_more_signals()
            end(settings, process.pid if process else 0, "", report)
            return 0
        except BaseException:
            ignore_more_signals()
            _end_both(settings, process.pid if process else 0, report)
            raise


def end(settings: Settings, pid: int, code: str, report: Report) -> None:
    """End JupyterLab, of which 0 knows no process, and the sandbox.

    Args:
        code: JupyterLab's exit code, where it ended by itself; "" where somebody asked for the end.

    Raises:
        SandboxError: it ended by itself.
    """
    if not code:
        report("\nEncerrando o JupyterLab e o laboratório …")
    _end_both(settings, pid, report)
    if code:
        raise SandboxError("O JupyterLab terminou sozinho.", f"código {code}", f"tail -n 40 '{_log(settings)}'")


def _end_both(settings: Settings, pid: int, report: Report) -> None:
    stop(settings, pid)
    sandbox.down(settings, report)


def open_browser(settings: Settings, address: str) -> None:
    """Open the browser on a private file that leads to the address: the address holds the token, and a command line can
    be read by every user of the machine (Jupyter Server does the same, `use_redirect_file`).
    """
    page = _opening_page(settings)
    target = html.escape(address, quote=True)
    write_atomic(page, f'<!DOCTYPE html><meta charset="utf-8"><meta http-equiv="refresh" content="0; url={target}">\n')
    webbrowser.open(page.as_uri())


@contextlib.contextmanager
def _stop_signals() -> Iterator[None]:
    def on_signal(*_: object) -> None:
        raise _Stop

    heeded = keeper.heeded()
    previous = {number: signal.getsignal(number) for number in keeper.STOPS}
    for number in heeded - {signal.SIGINT}:  # of which Python makes a KeyboardInterrupt
        signal.signal(number, on_signal)
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def ignore_more_signals() -> None:
    """For good: an impatient second Ctrl-C must not interrupt the cleaning up."""
    for number in keeper.STOPS:
        signal.signal(number, signal.SIG_IGN)


def launch(settings: Settings, port: int, report: Report) -> subprocess.Popen[bytes]:
    """Start JupyterLab on that port and wait until it answers.

    Raises:
        SandboxError: it does not.
    """
    process = begin(settings, port)
    try:
        wait_until_ready(settings, process, port, report)
    except BaseException:
        stop(settings, process.pid)
        raise
    return process


def begin(settings: Settings, port: int) -> subprocess.Popen[bytes]:
    """Start JupyterLab on that port."""
    configuration.write(settings, port)
    settings.work.mkdir(parents=True, exist_ok=True)  # `up` may still be filling it
    with _log(settings).open("wb") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "labs.jupyter.application"],
            cwd=settings.work,
            env=environment(settings),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )


def wait_until_ready(settings: Settings, process: subprocess.Popen[bytes], port: int, report: Report) -> str:
    """Wait until JupyterLab answers; notes and returns the address for a browser.

    Raises:
        SandboxError: it does not, or has ended.
    """
    log = _log(settings)
    look_at = f"tail -n 40 '{log}'"
    origin = f"http://{_asked_at()}:{port}"

    def look() -> Look:
        if process.poll() is not None:
            raise SandboxError("O JupyterLab terminou ao iniciar.", _tail(log), look_at)
        reply = request(origin, "GET", f"{hub.base_url()}api", timeout=2)
        return Look(reply.status == 200, f"HTTP {reply.status}")

    until("o JupyterLab responder", look, START_SECONDS, next_command=look_at, interval=0.05, report=report)
    address = _address(settings, port)
    mark = {"pid": os.getpid(), "start": processes.start_of(os.getpid()), "address": address}
    write_atomic(_mark_file(settings), json.dumps(mark))
    return address


def _asked_at() -> str:
    """Where this machine itself reaches what listens: 0.0.0.0 is every address, loopback too."""
    chosen = listening.address()
    return listening.LOOPBACK if chosen == "0.0.0.0" else chosen


def stop(settings: Settings, pid: int = 0) -> None:
    """End JupyterLab and everything that was started from it: kernels, terminals, and what runs in those."""
    if pid:
        processes.stop(pid, processes.start_of(pid), STOP_SECONDS, "JupyterLab")
    for _ in range(ROUNDS):
        if not (found := descendants(settings)):
            break
        for left, begun in found.items():
            processes.stop(left, begun, 3.0)
    _mark_file(settings).unlink(missing_ok=True)
    _opening_page(settings).unlink(missing_ok=True)


def end_orphans(settings: Settings, report: Report) -> None:
    """End a JupyterLab whose `start` was killed: nobody else would."""
    if not running_address(settings) and (left := descendants(settings)):
        report(f"Encerrando um JupyterLab que sobrou de um start interrompido ({len(left)} processos) …")
        stop(settings)


def descendants(settings: Settings) -> dict[int, str]:
    """Processes that carry this JupyterLab's environment, whoever their parent is by now."""
    needle = f"JUPYTER_RUNTIME_DIR={folder(settings) / 'runtime'}".encode()
    found = {}
    for pid, _ in processes.all_processes():
        with contextlib.suppress(OSError):
            if pid != os.getpid() and needle in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0"):
                found[pid] = processes.start_of(pid)
    return found


def environment(settings: Settings) -> dict[str, str]:
    """The lab's variables and Jupyter's folders; terminals and kernels inherit them."""
    own = folder(settings)
    return (
        without_foreign(os.environ)
        | settings.environment()
        | {
            "JUPYTER_CONFIG_DIR": str(own / "config"),
            "JUPYTER_DATA_DIR": str(own / "data"),
            "JUPYTER_RUNTIME_DIR": str(own / "runtime"),
            "JUPYTERLAB_SETTINGS_DIR": str(own / "settings"),
            "JUPYTERLAB_WORKSPACES_DIR": str(own / "workspaces"),
            "IPYTHONDIR": str(settings.home / "ipython"),
            "JUPYTER_PREFER_ENV_PATH": "1",
        }
    )


def _address(settings: Settings, port: int) -> str:
    login = "" if hub.is_there() else f"?token={token(settings)}"
    return f"{listening.reached_at(port)}lab/tree/{notebook_to_open(settings)}{login}"


def _free_port(wanted: int, report: Report) -> int:
    for port in range(wanted, min(wanted + 100, 65536)):
        if network.port_is_free(port):
            if port != wanted:
                report(f"A porta {wanted} está ocupada; o JupyterLab usa a {port}.")
            return port
    raise LabError(
        "Não há porta livre para o JupyterLab.", f"{wanted} a {wanted + 99}", "python3 -m labs start --port 9888"
    )


def running_address(settings: Settings) -> str:
    """Address of the JupyterLab that a `start` of this lab, still alive, opened; else ""."""
    try:
        mark = json.loads(_mark_file(settings).read_text("utf-8"))
        return str(mark["address"]) if processes.is_alive(int(mark["pid"]), str(mark["start"])) else ""
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _opening_page(settings: Settings) -> Path:
    return settings.run / "abrir.html"


def _mark_file(settings: Settings) -> Path:
    return settings.run / "jupyter.json"


def _log(settings: Settings) -> Path:
    return settings.sandbox / "logs" / "jupyter.log"


def _tail(log: Path) -> str:
    return "\n".join(log.read_text("utf-8", errors="replace").splitlines()[-5:])
