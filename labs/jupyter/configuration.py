"""What JupyterLab is told at each start: the server's configuration, the interface's defaults, the first layout, and
the start-up file of its terminals.

Defaults stand below `config/`, where the kit writes them anew each time. What the learner changes goes to `settings/`
and `workspaces/`, wins over the defaults, and is never written by the kit.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import secrets
import shlex
import shutil
import sys
from pathlib import Path
from typing import Any

from labs.base import listening
from labs.base.errors import LabError
from labs.base.files import write_atomic
from labs.base.settings import CLONE, Settings
from labs.jupyter import hub

FIRST_NOTEBOOK = "notebooks/00-comece-aqui.ipynb"
EXTENSION = "labs.jupyter.extension"
DEFAULTS: dict[str, dict[str, Any]] = {
    "@jupyterlab/translation-extension:plugin": {"locale": "pt_BR"},
    "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False},
    "@jupyterlab/apputils-extension:themes": {"adaptive-theme": True},
}
"""Interface settings by plugin: Portuguese, no request to the outside, light or dark as the learner's system."""

TERMINAL_SHARE = 0.27
"""Of the room between menu and status bar: a quarter of a window of 720 pixels, eight lines and more at any height."""

CLOSED_SECONDS = 600
LAB_EXTENSION = Path(__file__).with_name("lab_extension")
"""Lessons that open alive, the bar above them, the terminal below, the projector's key: JupyterLab's half of it."""
LAB_EXTENSION_NAME = "registry-labs"
LAB_STYLE = LAB_EXTENSION / "lab.css"

PAGE = {
    "disabledExtensions": {
        "@jupyterlab/apputils-extension:announcements": True,
        "@jupyterlab/help-extension:resources": True,  # Python, NumPy, pandas … in English: nothing of this course
    },
    # Nobody builds JupyterLab here: each page that opens would ask node, where there is one, whether it should be.
    "buildAvailable": False,
    "buildCheck": False,
}


def write(settings: Settings, port: int) -> None:
    """Write all of it but the layout.

    Raises:
        LabError: the state folder cannot be written, or nobody can listen at the address that was chosen.
    """
    config = folder(settings) / "config"
    _write_json(config / "jupyter_server_config.json", server(settings, port))
    _write_json(config / "labconfig" / "page_config.json", PAGE)
    _write_json(config / "labconfig" / "default_setting_overrides.json", DEFAULTS)
    write_atomic(config / "custom" / "custom.css", LAB_STYLE.read_text("utf-8"))
    _write_extension(folder(settings) / "data" / "labextensions" / LAB_EXTENSION_NAME)
    write_atomic(terminal_file(settings), terminal(settings))


def server(settings: Settings, port: int) -> dict[str, Any]:
    """The server's configuration (jupyter-server.readthedocs.io/en/latest/other/full-config.html)."""
    shell = shutil.which("bash")
    return {
        "ServerApp": {
            **(_of_a_hub(settings) if hub.is_there() else _of_the_lab(port)),
            "root_dir": str(settings.work),
            "allow_root": True,
            "contents_manager_class": "labs.jupyter.notebooks.Notebooks",
            # The package's own loader also opens /proxy/<any port>; ours opens the course's pages and nothing else.
            # jupytext, which only contributors have, would save by a manager of its own: a refusal became an error 500.
            "jpserver_extensions": {"jupyter_server_proxy": False, "jupyterlab_jupytext": False, EXTENSION: True},
            "terminado_settings": {
                "shell_command": [shell, "--rcfile", str(terminal_file(settings)), "-i"] if shell else ["sh"]
            },
        },
        "IdentityProvider": {} if hub.is_there() else {"token": token(settings)},
        # Kernels talk over loopback TCP, which every user of the machine can reach. CurveZMQ encrypts it and lets
        # only the server in. Unix sockets (transport "ipc") need paths below 108 bytes, and a state folder may be deep.
        "KernelManager": {"transport_encryption": "required"},
        # A lesson that was closed leaves its kernel, of about 95 MB, to nobody. One that a page holds is never ended
        # here, nor one in which a step says something.
        "MappingKernelManager": {"cull_idle_timeout": CLOSED_SECONDS, "cull_interval": 60, "cull_connected": False},
        "ContentsManager": {"pre_save_hook": "labs.jupyter.save_guard.refuse_secrets"},
        "LabApp": {
            "news_url": None,
            "check_for_updates_class": "jupyterlab.NeverCheckForUpdate",
            "extension_manager": "readonly",  # the other one asks PyPI for its list
            "custom_css": True,
            "expose_app_in_browser": True,  # so that the course map opens a lesson beside itself
        },
    }


def _of_the_lab(port: int) -> dict[str, Any]:
    return {
        "ip": listening.address(),
        "port": port,
        "port_retries": 0,
        "open_browser": False,
        "allow_remote_access": False,  # refuses a Host header that is not this machine's (DNS rebinding)
    }


def _of_a_hub(settings: Settings) -> dict[str, Any]:
    """Address, port and login are the hub's; who logs in there gets to the lesson, as who opens the lab's address."""
    return {"default_url": f"/lab/tree/{notebook_to_open(settings)}"}


def token(settings: Settings) -> str:
    """The token in JupyterLab's address, kept so that an open browser tab survives a restart."""
    path = settings.secrets / "jupyter-token"
    if not path.is_file():
        write_atomic(path, secrets.token_urlsafe(24))
    return path.read_text("utf-8").strip()


def terminal(settings: Settings) -> str:
    """bash's start-up file: the learner's own first, then the lab's variables, in the learner's working copy.

    The variables are read again before a prompt whenever the lab's settings changed, as after choosing an account; and
    each prompt leaves a trace, so that open lessons look at what was done (`labs/widgets/watch.py`).
    """
    labs = f"PYTHONPATH={shlex.quote(str(CLONE))} LABS_HOME={shlex.quote(str(settings.home))}"
    labs += f" {shlex.quote(sys.executable)} -m labs"
    return f"""\
# Written anew at each start of the course.
[ -f ~/.bashrc ] && . ~/.bashrc
HISTFILE={shlex.quote(str(folder(settings) / "bash_history"))}
__lab_seen=never
__lab_environment() {{
  local now
  {{ : >| {shlex.quote(str(settings.typed))}; }} 2>/dev/null
  now=$(stat -c %y {shlex.quote(str(settings.home / "settings.json"))} 2>/dev/null)
  [ "$now" = "$__lab_seen" ] && return
  __lab_seen=$now
  eval "$({labs} env 2>/dev/null)"
}}
__lab_environment
PROMPT_COMMAND="__lab_environment${{PROMPT_COMMAND:+;$PROMPT_COMMAND}}"
PROMPT_DIRTRIM=2
[ "$PWD" = {shlex.quote(str(settings.work))} ] && cd widget-server
echo "Terminal do laboratório: docker e aws já falam com ele."
"""


def terminal_file(settings: Settings) -> Path:
    return folder(settings) / "bashrc"


def folder(settings: Settings) -> Path:
    """JupyterLab's own folder below the state folder."""
    return settings.home / "jupyter"


def notebook_to_open(settings: Settings) -> str:
    """The lesson in which the learner stopped; the first one before anything was done, or after everything was."""
    from labs.course import target_words  # `down` works without the course's packages
    from labs.course.progress import Progress
    from labs.running import journey

    with contextlib.suppress(LabError):
        found = journey.go_on(target_words.course(settings), Progress(settings).all())
        if found and (settings.work / "notebooks" / f"{found[0].id}.ipynb").is_file():
            return f"notebooks/{found[0].id}.ipynb"
    return FIRST_NOTEBOOK


def write_layout(settings: Settings) -> None:
    """Lesson 00 with a terminal below it and its table of contents, where there is no layout yet. JupyterLab keeps it
    from then on, and itself calls this: whoever starts it would load half of it for the file's name.
    """
    from jupyterlab_server.workspaces_handler import WorkspacesManager

    manager = WorkspacesManager(str(folder(settings) / "workspaces"))
    if not manager.load("default")["data"]:
        manager.save("default", json.dumps({"data": _layout(), "metadata": {"id": "default"}}))


def _layout() -> dict[str, Any]:
    notebook, terminal_id = f"notebook:{FIRST_NOTEBOOK}", "terminal:1"
    left = ["filebrowser", "running-sessions", "@jupyterlab/toc:plugin", "extensionmanager.main-view"]
    return {
        "layout-restorer:data": {
            "main": {
                "dock": {"type": "tab-area", "currentIndex": 0, "widgets": [notebook]},
                "current": notebook,
            },
            "down": {"size": TERMINAL_SHARE, "widgets": [terminal_id]},
            "left": {"collapsed": False, "visible": True, "current": "@jupyterlab/toc:plugin", "widgets": left},
            "right": {"collapsed": True, "visible": True, "widgets": []},
            "relativeSizes": [0.2, 0.8, 0],
            "top": {"simpleVisibility": True},
        },
        notebook: {"data": {"path": FIRST_NOTEBOOK, "factory": "Notebook"}},
        terminal_id: {"data": {"name": "1"}},
        "file-browser-filebrowser:cwd": {"path": "notebooks"},
    }


def _write_extension(place: Path) -> None:
    """A copy: JupyterLab serves what stands below its data folder. It tells browsers to keep each module for a year, so
    the modules' folder is named for what is in them: an update of the kit is loaded at the next visit.
    """
    modules = {path.name: path.read_text("utf-8") for path in sorted((LAB_EXTENSION / "static").glob("*.js"))}
    version = hashlib.sha256("".join(modules.values()).encode()).hexdigest()[:12]
    shutil.rmtree(place / "static", ignore_errors=True)
    for name, text in modules.items():
        write_atomic(place / "static" / version / name, text)
    package = json.loads((LAB_EXTENSION / "package.json").read_text("utf-8"))
    package["jupyterlab"]["_build"]["load"] = f"static/{version}/container.js"
    _write_json(place / "package.json", package)


def _write_json(path: Path, content: dict[str, Any]) -> None:
    write_atomic(path, json.dumps(content, indent=1) + "\n")
