"""The base image: a small Python system made of the machine's own Debian packages, without network in any build.

`apt-get download` and `dpkg -x` need no root and take about 2 s; the result is imported as `labs/python-base:3`.
Where there is no apt, or the engine's machine has another processor than this one, the engine pulls
`python:3.13-slim`, which gets the same name.
"""

from __future__ import annotations

import contextlib
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from labs.base import apt
from labs.base.errors import EngineError, LabError, MissingDependency
from labs.base.settings import BASE_IMAGE, FALLBACK_BASE_IMAGE, Settings
from labs.sandbox import registry_program
from labs.seams import engine_api
from labs.seams.architecture import of_this_machine

ROOTS = ("python3-minimal", "libpython3-stdlib", "dash", "coreutils", "ca-certificates", "base-files", "netbase")
WITHOUT = ("dpkg", "perl", "debconf", "cdebconf", "install-info", "mailcap", "mime-support", "tar", "openssl", "gcc-")
"""Needed by packages' own scripts only, which are never run."""
WITHOUT_TOO = ("mawk", "awk", "libcrypt-", "readline-common", "media-types", "libperl", "debianutils", "base-passwd")
TRIM = (
    *("usr/share/doc", "usr/share/man", "usr/share/locale", "usr/share/info", "usr/share/lintian", "usr/share/bug"),
    *("usr/share/zoneinfo", "usr/share/pixmaps", "usr/share/applications", "usr/share/base-files", "etc/update-motd.d"),
)
TRIM_PYTHON = ("test", "idlelib", "lib2to3", "ensurepip", "turtledemo", "tkinter", "pydoc_data", "__pycache__")
CHANGES = (
    "ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "ENV LANG=C.UTF-8",
    'CMD ["python3"]',
    "LABEL org.opencontainers.image.title=labs/python-base",
)
PASSWD = (
    "root:x:0:0:root:/root:/bin/sh\ndaemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin\n"
    "www-data:x:33:33:www-data:/var/www:/usr/sbin/nologin\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n"
)
GROUP = "root:x:0:\ndaemon:x:1:\ntty:x:5:\nwww-data:x:33:\nnogroup:x:65534:\n"
NSSWITCH = "passwd: files\ngroup: files\nhosts: files dns\n"
PIP = "#!/usr/bin/python3\nimport sys\nfrom pip._internal.cli.main import main\nsys.exit(main())\n"


def ensure(settings: Settings, report: Callable[[str], None]) -> str:
    """Make sure that the engine has a base image; returns its name.

    Raises:
        MissingDependency: it can neither be built nor pulled.
        EngineError: the engine refused it.
    """
    host = settings.engine_host
    if name := present(host):
        return name
    if apt.has_apt() and engine_api.architecture(host) == of_this_machine():
        archive = build_archive(settings, report)
        report("Importando a imagem base no engine …")
        engine_api.import_image(host, archive, BASE_IMAGE, CHANGES)
        return BASE_IMAGE
    report(f"Baixando a imagem base {FALLBACK_BASE_IMAGE} …")
    learners = engine_api.image_exists(host, FALLBACK_BASE_IMAGE)
    try:
        engine_api.pull(host, FALLBACK_BASE_IMAGE)
    except EngineError as error:
        raise MissingDependency(
            f"Não há como obter a imagem base: {_why_not_made(host)}, e o engine não conseguiu baixá-la.",
            error.observed,
            f"docker pull {FALLBACK_BASE_IMAGE}",
        ) from error
    engine_api.tag(host, FALLBACK_BASE_IMAGE, BASE_IMAGE)
    if not learners:
        engine_api.remove_image(host, FALLBACK_BASE_IMAGE)
    return BASE_IMAGE


def _why_not_made(host: str) -> str:
    if not apt.has_apt():
        return "este sistema não tem apt"
    return f"o engine é {engine_api.architecture(host)} e esta máquina é {of_this_machine()}"


def present(host: str) -> str:
    """The base image that an engine already has; "" where it has none, or does not run yet.

    Raises:
        EngineError: it answers, and refuses.
    """
    if engine_api.ping(host):
        return ""
    return BASE_IMAGE if engine_api.image_exists(host, BASE_IMAGE) else ""


def build_archive(settings: Settings, report: Callable[[str], None]) -> Path:
    """The root file system as a tar, from the cache when it is there."""
    cache = registry_program.cache(settings)
    archive = cache / f"python-base-{platform.machine()}.tar"
    if archive.is_file():
        return archive
    report("Montando a imagem base com pacotes Debian (sem rede no build, cerca de 50 MB) …")
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache, prefix="base-") as scratch:
        root = Path(scratch, "root")
        with ThreadPoolExecutor(max_workers=1) as workers:  # two registries of packages, asked side by side
            pip = workers.submit(_download_pip, Path(scratch, "pip"))
            _unpack_packages(root, Path(scratch, "debs"), report)
            _add_pip(root, pip.result())
        _add_files(root)
        _trim(root)
        partial = Path(scratch, "base.tar")
        try:
            _write_tar(root, partial)
            partial.replace(archive)
        except OSError as error:
            raise LabError("Não consegui gravar a imagem base.", str(error), f"df -h '{cache}'") from error
    return archive


def _unpack_packages(root: Path, debs: Path, report: Callable[[str], None]) -> None:
    for name in ("bin", "sbin", "lib", "lib64"):  # as on any merged /usr, whatever the packages themselves contain
        (root / "usr" / name).mkdir(parents=True, exist_ok=True)
        (root / name).symlink_to(f"usr/{name}")
    names = apt.dependencies(ROOTS, lambda name: name.startswith((*WITHOUT, *WITHOUT_TOO)), report)
    for package in apt.download(names, debs, report):
        apt.unpack(package, root)


def _download_pip(scratch: Path) -> Path:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(scratch), "pip"]
    answer = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    wheels = sorted(scratch.glob("pip-*.whl")) if scratch.is_dir() else []
    if answer.returncode != 0 or not wheels:
        raise MissingDependency(
            "Não consegui baixar o pip da imagem base.",
            (answer.stderr.strip().splitlines() or ["nenhuma roda"])[-1],
            "python3 -m pip download pip   (confira a rede e repita: python3 -m labs up)",
        )
    return wheels[-1]


def _add_pip(root: Path, source: Path) -> None:
    """pip from its wheel: a zip of pure Python, so opening it is installing it."""
    packages = root / "usr" / "lib" / "python3" / "dist-packages"
    packages.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(source) as wheel:
        wheel.extractall(packages)
    for name in ("pip", "pip3"):
        script = root / "usr" / "bin" / name
        script.write_text(PIP, "utf-8")
        script.chmod(0o755)


def _add_files(root: Path) -> None:
    for name in ("tmp", "var/tmp", "root", "proc", "sys", "dev", "run", "etc", "usr/local/bin", "home"):
        (root / name).mkdir(parents=True, exist_ok=True)
    for name in ("tmp", "var/tmp"):
        (root / name).chmod(0o1777)
    (root / "etc/passwd").write_text(PASSWD, "utf-8")
    (root / "etc/group").write_text(GROUP, "utf-8")
    (root / "etc/nsswitch.conf").write_text(NSSWITCH, "utf-8")
    for link, target in (("python3", sorted((root / "usr/bin").glob("python3.*"))[0].name), ("python", "python3")):
        path = root / "usr/bin" / link
        path.unlink(missing_ok=True)
        path.symlink_to(target)
    certificates = sorted((root / "usr/share/ca-certificates").rglob("*.crt"))
    bundle = root / "etc/ssl/certs/ca-certificates.crt"
    bundle.parent.mkdir(parents=True, exist_ok=True)
    bundle.write_bytes(b"".join(path.read_bytes() for path in certificates))


def _trim(root: Path) -> None:
    for name in TRIM:
        shutil.rmtree(root / name, ignore_errors=True)
    for python in (root / "usr/lib").glob("python3.*"):
        for name in TRIM_PYTHON:
            shutil.rmtree(python / name, ignore_errors=True)
        for folder in python.glob("config-*"):
            shutil.rmtree(folder)
        (python / "EXTERNALLY-MANAGED").unlink(missing_ok=True)
    for folder in (root / "usr/lib").glob("*/gconv"):
        shutil.rmtree(folder)
    with contextlib.suppress(OSError):
        shutil.rmtree(root / "usr/share/ca-certificates")


def _write_tar(root: Path, archive: Path) -> None:
    """Sorted, owned by root, without times, whatever the umask: the same packages always give the same bytes."""

    def plain(member: tarfile.TarInfo) -> tarfile.TarInfo:
        if member.name != "root":  # Debian's own mode is 0700
            member.mode |= 0o755 if member.isdir() or member.mode & 0o100 else 0o644
        member.uid = member.gid = 0
        member.uname = member.gname = ""
        member.mtime = 0
        return member

    with tarfile.open(archive, "w", format=tarfile.GNU_FORMAT) as tar:
        for path in sorted(root.rglob("*")):
            tar.add(path, str(path.relative_to(root)), recursive=False, filter=plain)
