"""What `start` tells JupyterLab, without a JupyterLab."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import webbrowser
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from jupyterlab_server.translation_utils import get_language_pack
from jupyterlab_server.workspaces_handler import WorkspacesManager
from tornado import web

from labs import sandbox
from labs.base import listening, processes
from labs.base.errors import SandboxError
from labs.base.settings import CLONE, Settings
from labs.jupyter import configuration, extension, hub, keeper, notebooks, portuguese
from labs.jupyter import server as jupyter
from labs.sandbox import parts


@pytest.fixture
def written(settings: Settings) -> Path:
    configuration.write(settings, 9710)
    return settings.home / "jupyter"


def read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return found


def test_the_servers_configuration_is_closed_to_others(written: Path) -> None:
    path = written / "config" / "jupyter_server_config.json"
    assert path.stat().st_mode & 0o077 == 0
    server = read(path)
    assert server["ServerApp"]["ip"] == "127.0.0.1" and server["ServerApp"]["allow_remote_access"] is False
    assert server["KernelManager"] == {"transport_encryption": "required"}
    for other in ("jupyter_server_proxy", "jupyterlab_jupytext"):
        assert server["ServerApp"]["jpserver_extensions"][other] is False


def test_who_puts_the_lab_into_a_container_chooses_where_it_listens(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The check of the Host header stays: a page elsewhere whose name suddenly means this machine is refused."""
    monkeypatch.setenv(listening.LISTEN, "0.0.0.0")
    monkeypatch.setenv(listening.ADDRESS, "http://127.0.0.1:9888")
    server = configuration.server(settings, 8888)["ServerApp"]
    assert server["ip"] == "0.0.0.0" and server["port"] == 8888 and server["allow_remote_access"] is False
    engine = parts.engine(settings, "bridge").argv
    assert engine[engine.index("--ip") + 1] == "0.0.0.0"
    assert jupyter._address(settings, 8888).startswith("http://127.0.0.1:9888/lab/tree/notebooks/")
    assert jupyter._asked_at() == "127.0.0.1"


def test_no_page_asks_whether_jupyterlab_should_be_built(written: Path) -> None:
    page = read(written / "config" / "labconfig" / "page_config.json")
    assert page["buildCheck"] is False and page["buildAvailable"] is False


def test_an_update_of_the_extension_is_loaded_and_not_what_a_browser_has_kept(
    settings: Settings, written: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    place = written / "data" / "labextensions" / configuration.LAB_EXTENSION_NAME
    before = read(place / "package.json")["jupyterlab"]["_build"]["load"]
    assert (place / before).is_file()
    newer = shutil.copytree(configuration.LAB_EXTENSION, tmp_path / "newer")
    (newer / "static" / "terminal.js").write_text("// newer\n")
    monkeypatch.setattr(configuration, "LAB_EXTENSION", newer)
    configuration.write(settings, 9710)
    after = read(place / "package.json")["jupyterlab"]["_build"]["load"]
    assert after != before and (place / after).with_name("terminal.js").read_text() == "// newer\n"
    assert not (place / before).exists()


def test_the_interfaces_defaults_name_settings_that_exist(written: Path) -> None:
    """A default for a plugin or a setting that JupyterLab no longer has would do nothing, silently."""
    import jupyterlab

    schemas = (
        next(path for path in Path(jupyterlab.__file__).parents if (path / "share").is_dir()) / "share/jupyter/lab"
    )
    overrides = read(written / "config" / "labconfig" / "default_setting_overrides.json")
    assert overrides["@jupyterlab/translation-extension:plugin"] == {"locale": "pt_BR"}
    for plugin, values in overrides.items():
        package, _, name = plugin.partition(":")
        assert set(values) <= set(read(schemas / "schemas" / package / f"{name}.json")["properties"])


def test_the_first_layout_is_written_once_and_then_the_learners(settings: Settings, written: Path) -> None:
    spaces = WorkspacesManager(str(written / "workspaces"))
    configuration.write_layout(settings)
    data = spaces.load("default")["data"]
    assert data["layout-restorer:data"]["left"]["current"] == "@jupyterlab/toc:plugin"
    assert data["file-browser-filebrowser:cwd"] == {"path": "notebooks"}
    assert data["layout-restorer:data"]["main"]["dock"]["widgets"] == ["notebook:notebooks/00-comece-aqui.ipynb"]
    assert data["layout-restorer:data"]["down"]["widgets"] == ["terminal:1"]
    assert (CLONE / data["notebook:notebooks/00-comece-aqui.ipynb"]["data"]["path"]).is_file()

    spaces.save("default", json.dumps({"data": {"mine": 1}, "metadata": {"id": "default"}}))
    configuration.write_layout(settings)
    assert spaces.load("default")["data"] == {"mine": 1}


def test_a_hub_decides_address_port_and_login(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """And who comes by it gets to the lesson in which they stopped."""
    assert (hub.is_there(), hub.port(), hub.base_url()) == (False, 0, "/")
    monkeypatch.setenv(hub.TOKEN, "secret")
    monkeypatch.setenv(hub.SERVICE, "http://0.0.0.0:8899/user/ana/")
    monkeypatch.setenv(hub.PREFIX, "/user/ana/")
    assert (hub.is_there(), hub.port(), hub.base_url()) == (True, 8899, "/user/ana/")
    config = configuration.server(settings, 8899)
    assert config["ServerApp"]["default_url"] == f"/lab/tree/{configuration.FIRST_NOTEBOOK}"
    assert not {"ip", "port", "allow_remote_access"} & config["ServerApp"].keys() and not config["IdentityProvider"]
    assert config["KernelManager"] == {"transport_encryption": "required"}
    assert "token=" not in jupyter._address(settings, 8899)


@pytest.mark.parametrize(
    ("code", "slow"),
    [
        ("from labs.jupyter import configuration, server; configuration.write(settings, 9711)", "jupyter_server"),
        ("from labs.jupyter import application; import jupyterlab.labapp", "rfc3987_syntax.syntax_helpers"),
    ],
)
def test_a_start_loads_nothing_slow_for_nothing(settings: Settings, code: str, slow: str) -> None:
    begin = "import sys; from pathlib import Path; from labs.base.settings import Settings"
    lab = f"settings = Settings(home=Path({str(settings.home)!r}))"
    whole = "; ".join((begin, lab, code, f"print({slow!r} in sys.modules)"))
    told = subprocess.run([sys.executable, "-c", whole], capture_output=True, text=True)
    assert told.stdout == "False\n", told.stderr


@pytest.fixture
def terminal(settings: Settings, written: Path, tmp_path: Path) -> Iterator[Any]:
    """Lines typed into an interactive bash as JupyterLab starts it, in JupyterLab's folder."""
    (settings.work / "widget-server").mkdir(parents=True, exist_ok=True)
    home = tmp_path / "user"
    home.mkdir()
    (home / ".bashrc").write_text("alias mine='echo my own'\nexport HUB_USER=other\n")

    def type_lines(*lines: str) -> str:
        answer = subprocess.run(
            ["bash", "--rcfile", str(written / "bashrc"), "-i"],
            input="\n".join(lines) + "\n",
            env={"HOME": str(home), "PATH": os.environ["PATH"], "PS1": "", "LABS_HOME": "/nowhere"},
            cwd=settings.work,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return answer.stdout

    yield type_lines


def test_a_terminal_is_the_labs_whatever_the_learners_own_file_says(settings: Settings, terminal: Any) -> None:
    said = terminal("mine", 'echo "$LABS_HOME $HUB_USER"', "pwd", "echo $HISTFILE").splitlines()
    assert "my own" in said
    assert f"{settings.home} aluno" in said
    assert str(settings.work / "widget-server") in said
    assert str(settings.home / "jupyter" / "bash_history") in said


def test_an_open_terminal_follows_a_new_account(settings: Settings, terminal: Any) -> None:
    changed = settings.with_changes(hub_user="maria2026").save()
    settings.with_changes(hub_user="antes").save()
    saved = (settings.home / "settings.json").read_text().replace("antes", "maria2026")
    said = terminal("echo $HUB_USER", f"printf '%s' '{saved}' > '{settings.home}/settings.json'", "echo $HUB_USER")
    assert [line for line in said.splitlines() if line in ("antes", "maria2026")] == ["antes", changed.hub_user]


def test_jupyter_writes_below_the_state_folder_only(settings: Settings) -> None:
    """The learner's own Jupyter and IPython folders are neither read nor written."""
    variables = jupyter.environment(settings)
    for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR"):
        assert Path(variables[name]).is_relative_to(settings.home), name
    for name in ("JUPYTERLAB_SETTINGS_DIR", "JUPYTERLAB_WORKSPACES_DIR"):
        assert Path(variables[name]).is_relative_to(settings.home / "jupyter"), name


# Portuguese ----------------------------------------------------------------------------------------


def test_the_pack_is_completed_and_what_it_says_itself_stays() -> None:
    ours = {"jupyterlab": {"Save": ["nosso"], "menu\x04File": ["nosso"]}}
    pack, _ = portuguese.completed(get_language_pack)("pt_BR")
    assert pack["jupyterlab"]["menu\x04File"] == ["Arquivo"]
    assert pack["jupyterlab"]["Save"] == ["Salvar"] != ours["jupyterlab"]["Save"]
    assert portuguese.completed(get_language_pack)("fr_FR") == get_language_pack("fr_FR")


def test_our_translations_add_to_the_pack_and_keep_its_placeholders() -> None:
    """A text that the pack has itself by now is dead; a lost `%1` would lose what the learner needs to know."""
    pack, _ = get_language_pack("pt_BR")
    for domain, texts in portuguese.texts().items():
        assert sorted(set(texts) & set(pack[domain])) == []
        for text, forms in texts.items():
            assert len(forms) in (1, 2) and all(forms)
            holes, kept = set(re.findall(r"%\d", text)), set(re.findall(r"%\d", forms[-1]))
            assert holes == kept or (len(forms) == 2 and holes <= kept), text


def test_a_damaged_lesson_is_told_in_portuguese_with_the_way_back(tmp_path: Path) -> None:
    manager = notebooks.Notebooks(root_dir=str(tmp_path))
    for name, told in (
        ("02-build.ipynb", "No terminal, `python3 -m labs recover 02-build` traz a aula de volta"),
        ("meu.ipynb", "não é mais um notebook: meu.ipynb."),
    ):
        (tmp_path / name).write_text("{ not a notebook")
        with pytest.raises(web.HTTPError, match=re.escape(told)):
            asyncio.run(manager._read_notebook(str(tmp_path / name)))


# The launcher --------------------------------------------------------------------------------------


def test_the_launcher_has_the_map_and_the_pages_with_icons() -> None:
    entries = {entry.name: entry.launcher_entry for entry in extension.launcher()}
    assert [entry.title for entry in entries.values()] == [
        *("Mapa do curso", "Busca e glossário", "Widget-server", "Homologação", "Produção")
    ]
    for entry in entries.values():
        assert Path(entry.icon_path).read_text("utf-8").startswith("<svg")
    assert {path.stem for path in extension.ICONS.iterdir()} == set(entries)


def test_only_the_courses_ports_are_forwarded() -> None:
    """jupyter-server-proxy's own handlers would also forward /proxy/<any port>."""
    patterns = [handler[0] for handler in extension.handlers("/")]
    assert not [pattern for pattern in patterns if pattern.startswith("/proxy")]
    ports = {handler[2]["port"] for handler in extension.handlers("/") if len(handler) == 3 and "port" in handler[2]}
    assert ports == set(range(3000, 3006))


def test_behind_a_hub_all_stands_below_its_address() -> None:
    assert all(handler[0].startswith("/hub/ana/") for handler in extension.handlers("/hub/ana/"))


def test_the_browsers_command_line_holds_no_token(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr(webbrowser, "open", opened.append)
    jupyter.open_browser(settings, "http://127.0.0.1:8888/lab?token=canary")
    page = settings.run / "abrir.html"
    assert opened == [page.as_uri()] and "canary" not in opened[0]
    assert "http://127.0.0.1:8888/lab?token=canary" in page.read_text() and page.stat().st_mode & 0o077 == 0


# The start -----------------------------------------------------------------------------------------


@pytest.fixture
def order(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> list[str]:
    """What `start` does, in order, with a sandbox and a JupyterLab that only note it."""
    done: list[str] = []

    class Process:
        pid = 4711

    def stay(pid: int) -> None:
        done.append(f"waits for {pid}")
        raise KeyboardInterrupt

    def begin(*_: object) -> Process:
        done.append("JupyterLab begins")
        return Process()

    def up(chosen: Settings, _: object, decided: Callable[[Settings], None]) -> Settings:
        decided(chosen)
        done.append("sandbox ready")
        return chosen

    monkeypatch.setattr(sandbox, "up", up, raising=False)
    monkeypatch.setattr(sandbox, "down", lambda *_: done.append("sandbox down"), raising=False)
    monkeypatch.setattr(jupyter, "begin", begin)
    monkeypatch.setattr(jupyter, "wait_until_ready", lambda *_: done.append("JupyterLab ready"))
    monkeypatch.setattr(jupyter, "stop", lambda _, pid: done.append(f"JupyterLab down: {pid}"))
    monkeypatch.setattr(jupyter, "ignore_more_signals", lambda: None)
    monkeypatch.setattr(keeper, "stay", stay)
    monkeypatch.setattr(jupyter, "end_orphans", lambda *_: None)
    return done


def test_jupyterlab_starts_beside_the_sandbox_and_the_address_comes_after_both(
    order: list[str], settings: Settings
) -> None:
    jupyter.start(settings, lambda text: order.append("address") if "pronto" in text else None, browser=False)
    assert order[:4] == ["JupyterLab begins", "sandbox ready", "JupyterLab ready", "address"]
    assert order[4:] == ["waits for 4711", "JupyterLab down: 4711", "sandbox down"]


@pytest.mark.parametrize("who", ["sandbox", "JupyterLab"])
def test_the_failure_of_either_ends_both(
    who: str, order: list[str], settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise SandboxError("Não ficou saudável.")

    def up(chosen: Settings, _: object, decided: Callable[[Settings], None]) -> Settings:
        decided(chosen)
        raise SandboxError("Não ficou saudável.")

    if who == "sandbox":
        monkeypatch.setattr(sandbox, "up", up, raising=False)
    else:
        monkeypatch.setattr(jupyter, "wait_until_ready", fails)
    said: list[str] = []
    with pytest.raises(SandboxError):
        jupyter.start(settings, said.append, browser=False)
    assert order[-2:] == ["JupyterLab down: 4711", "sandbox down"] and not any("pronto" in text for text in said)


WAITS = """
import os, signal, subprocess, sys
from labs.jupyter import keeper
keeper.ENDING = ()
child = subprocess.Popen(["sh", "-c", sys.argv[1]])
subprocess.run(["true"])
signal.pthread_sigmask(signal.SIG_BLOCK, {*keeper.STOPS, signal.SIGCHLD})
print(child.pid, flush=True)
print(repr(keeper.wait(child.pid)), flush=True)
child.kill()
"""


@pytest.mark.parametrize(
    ("child", "number", "code"),
    [
        ("sleep 60", signal.SIGTERM, ""),
        ("sleep 60", signal.SIGHUP, ""),
        ("exit 3", None, "3"),
        ("kill $$", None, "-15"),
    ],
)
def test_who_waits_knows_whether_it_was_told_to_stop_or_jupyterlab_ended(
    child: str, number: signal.Signals | None, code: str
) -> None:
    with subprocess.Popen([sys.executable, "-c", WAITS, child], cwd=CLONE, stdout=subprocess.PIPE, text=True) as waits:
        assert waits.stdout is not None
        waits.stdout.readline()
        if number:
            waits.send_signal(number)
        assert waits.stdout.readline() == f"{code!r}\n"


def test_what_was_ignored_at_the_start_stops_nothing() -> None:
    """As under `nohup`."""
    under = ["sh", "-c", 'trap \'\' HUP; exec "$0" "$@"', sys.executable, "-c", WAITS, "sleep 60"]
    with subprocess.Popen(under, cwd=CLONE, stdout=subprocess.PIPE, text=True) as waits:
        assert waits.stdout is not None
        child = int(waits.stdout.readline())
        waits.send_signal(signal.SIGHUP)
        os.kill(child, signal.SIGKILL)
        assert waits.stdout.readline() == "'-9'\n"


STAYS = """
import signal, subprocess, sys, time
import keeper
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
child = subprocess.Popen(["sh", "-c", sys.argv[1]])
time.sleep(float(sys.argv[2]))
keeper.stay(child.pid)
"""


@pytest.mark.parametrize(("child", "seconds", "code"), [("sleep 1; exit 3", 0, "3"), ("exit 3", 0.5, "?")])
def test_who_waits_hears_of_a_childs_end_where_a_parent_ignored_such_ends(
    child: str, seconds: float, code: str, tmp_path: Path
) -> None:
    """That stays so over exec, and Linux collects the children then: no signal comes, and no code (wait(2))."""
    ending, told = (
        f"ENDING = {keeper.ENDING!r}".replace("'", '"'),
        'ENDING = ("-c", "import sys; print(*sys.argv[1:])")',
    )
    text = Path(keeper.__file__).read_text("utf-8")
    assert ending in text
    (tmp_path / "keeper.py").write_text(text.replace(ending, told), "utf-8")
    words = [sys.executable, "-c", STAYS, child, str(seconds)]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, timeout=20, check=True)
    assert done.stdout == f"0 {code}\n"


def test_the_end_that_somebody_types_ends_nobodys_process(capfd: pytest.CaptureFixture[str]) -> None:
    with subprocess.Popen(["sleep", "60"]) as other:
        words = [sys.executable, "-m", "labs.jupyter.ending", str(other.pid), ""]
        assert subprocess.run(words, cwd=CLONE, check=False).returncode == 2
        assert other.poll() is None and "python3 -m labs start" in capfd.readouterr().out
        other.kill()


def test_what_a_dying_kernel_starts_is_ended_too(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    found = [{11: "kernel"}, {12: "docker"}, {}]
    ended: list[int] = []
    monkeypatch.setattr(jupyter, "descendants", lambda _: found.pop(0))
    monkeypatch.setattr(processes, "stop", lambda pid, *_: ended.append(pid))
    jupyter.stop(settings)
    assert ended == [11, 12]
