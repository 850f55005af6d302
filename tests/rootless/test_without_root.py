"""An ordinary user without Docker: `start` brings up the whole lab, later commands enter it, its end leaves nothing.

The user exists in a mount namespace alone: `/etc/passwd` and the ranges of ids there are the test's, and so is the
device for the network, which this machine may keep closed.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from labs.base.settings import CLONE, Settings
from labs.base.wait import Look, until
from labs.machine import rootless
from labs.sandbox import base_image, leftovers, registry_program, workspace
from labs.seams.unix_http import request
from tests.every_engine.conftest import REQUIRED

NAME, UID = "aluna", 23456
PORT = 9878
RESTRICTED = Path("/proc/sys/kernel/apparmor_restrict_unprivileged_userns")
"""Ubuntu 24.04's (ubuntu.com/blog/ubuntu-23-10-restricted-unprivileged-user-namespaces)."""
OWN_FILES = r"""
files=$1; shift
for name in passwd group subuid subgid; do
  mount --bind "$files/$name" "/etc/$name"
done
mount --bind "$files/tun" /dev/net/tun
# What this user needs below folders that others may not enter: taken aside, and put back below open ones.
echo "$CLOSED" | while read -r above path; do
  [ -n "$above" ] || continue
  mkdir -p "$files/aside$path"
  mount --bind "$path" "$files/aside$path"
done
echo "$CLOSED" | cut -d' ' -f1 | sort -u | while read -r above; do
  [ -z "$above" ] || mount -t tmpfs -o mode=755 tmpfs "$above"
done
echo "$CLOSED" | while read -r above path; do
  [ -n "$above" ] || continue
  mkdir -p "$path"
  if [ "$above" != "$path" ]; then
    mount --bind "$files/aside$path" "$path"
    continue
  fi
  for one in $(ls -A "$files/aside$path"); do  # the folder itself is closed, and what is in it is not
    if [ -d "$files/aside$path/$one" ]; then
      mkdir "$path/$one"
      mount --bind "$files/aside$path/$one" "$path/$one"
    else
      cp -P "$files/aside$path/$one" "$path/$one"
    fi
  done
done
exec setpriv --reuid "$USER_ID" --regid "$USER_ID" --clear-groups "$@"
"""


NEEDED = (CLONE, Path(sys.prefix), Path(sys.base_prefix))


def closed_above(path: Path) -> Path | None:
    """The uppermost folder on the way to this one, itself too, that its owner alone may enter."""
    return next((one for one in (*reversed(path.parents), path) if not one.stat().st_mode & 0o001), None)


class User:
    """The user, with a home and a cache of what a first start would fetch."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.home = folder, folder / "home"
        self.settings = Settings(home=self.home / "lab")
        self.log = folder / "start.txt"

    def command(self, *words: str) -> list[str]:
        """A command of the kit, as that user types it."""
        return ["unshare", "--mount", "sh", "-ec", OWN_FILES, "sh", str(self.folder), *self.python(*words)]

    def python(self, *words: str) -> Sequence[str]:
        return (sys.executable, "-m", "labs", *words)

    @property
    def environment(self) -> dict[str, str]:
        return {
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": str(self.home),
            "LANG": "C.UTF-8",
            "LABS_HOME": str(self.settings.home),
            "LABS_CACHE": str(self.home / "cache"),
            "LABS_VENV": sys.prefix,
            "LABS_ENGINE": "private",
            "PYTHONPATH": str(CLONE),
            "USER_ID": str(UID),
            "CLOSED": "\n".join(f"{above} {path}" for path in NEEDED if (above := closed_above(path))),
        }

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command of the kit to its end."""
        return subprocess.run(
            self.command(*words),
            cwd=CLONE,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
            stdin=subprocess.DEVNULL,
        )

    def start(self) -> subprocess.Popen[bytes]:
        """`start`, in a group of its own as a terminal makes it."""
        with self.log.open("wb") as output:
            return subprocess.Popen(
                self.command("start", "--no-browser", "--port", str(PORT)),
                cwd=CLONE,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                process_group=0,
            )

    def processes(self) -> dict[int, str]:
        """All that runs as this user, or as one of the users of its containers."""
        found = {}
        for path in Path("/proc").glob("[0-9]*"):
            try:
                owner, words = path.stat().st_uid, (path / "cmdline").read_bytes()
            except OSError:
                continue
            if words and (owner == UID or 2_000_000 <= owner < 2_065_536):
                found[int(path.name)] = words.replace(b"\0", b" ").decode(errors="replace")
        return found


@pytest.fixture
def user(lab_homes: Path) -> Iterator[User]:
    missing = [name for name in rootless.PROGRAMS if not rootless._found(name)]
    if missing or os.geteuid() != 0:
        if os.environ.get(REQUIRED) == "required":
            pytest.fail(f"faltam {missing}")
        pytest.skip(f"um usuário comum não pode ser feito aqui: faltam {missing or 'direitos de root'}")
    if RESTRICTED.exists() and RESTRICTED.read_text().strip() == "1":
        pytest.skip("o AppArmor desta máquina só dá user namespaces a quem ele conhece: não verificado")
    folder = Path(tempfile.mkdtemp(prefix="labs-user-"))
    folder.chmod(0o755)
    made = User(folder)
    try:
        _prepare(made)
        yield made
    finally:
        for pid in made.processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        leftovers.remove_tree(folder)


def _prepare(user: User) -> None:
    cache = registry_program.cache(user.settings)
    scratch = Settings(home=user.folder / "scratch")
    base_image.build_archive(scratch, print)
    workspace.fetch_wheels(scratch, print)
    registry_program.registry_program(scratch, print)
    (user.home / "cache").mkdir(parents=True)
    for pattern in ("debs", "wheels-*", "python-base-*.tar"):
        for path in cache.glob(pattern):
            copy = shutil.copytree if path.is_dir() else shutil.copy
            copy(path, user.home / "cache" / path.name)
    for path in (user.home, *user.home.rglob("*")):
        os.chown(path, UID, UID)
    for name in ("passwd", "group"):
        entry = f"{NAME}:x:{UID}:{UID}::{user.home}:/bin/sh\n" if name == "passwd" else f"{NAME}:x:{UID}:\n"
        (user.folder / name).write_text(Path("/etc", name).read_text() + entry)
    for name in ("subuid", "subgid"):
        (user.folder / name).write_text(f"{NAME}:2000000:65536\n")
    os.mknod(user.folder / "tun", 0o020666, os.makedev(10, 200))  # Linux's devices.txt
    (user.folder / "tun").chmod(0o666)


def test_start_serves_a_lab_that_other_commands_enter_and_leaves_nothing(user: User) -> None:
    process = user.start()
    try:

        def look() -> Look:
            said = user.log.read_text("utf-8")
            return Look("JupyterLab pronto" in said or process.poll() is not None, said)

        until("o laboratório sem root ficar pronto", look, 240, interval=0.2)
        found = re.search(
            rf"JupyterLab pronto: (http://127\.0\.0\.1:{PORT})/lab/\S+\?token=(\S+)", user.log.read_text()
        )
        assert found, user.log.read_text()
        headers = {"Authorization": f"token {found[2]}"}
        assert request(found[1], "GET", "/api/contents", headers=headers, timeout=30).status == 200
        assert request(found[1], "GET", "/api/contents", timeout=30).status == 403
        doctor = user.run("doctor")
        assert "✔ container" in doctor.stdout and "✔ alcance" in doctor.stdout, doctor.stdout + doctor.stderr
        lessons = user.run("run", "02-build", "04-push-docker-hub")
        assert lessons.returncode == 0, lessons.stdout + lessons.stderr
        assert user.processes(), "they run as that user, and not as root"
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGINT)
        code = process.wait(120)
    assert code == 0, user.log.read_text()
    until("nada do usuário rodar", lambda: Look(not user.processes(), str(user.processes())), 20)
    assert not (user.settings.run / "rootless.json").exists()
    assert "ROOTLESS" not in user.log.read_text() and "Traceback" not in user.log.read_text()
