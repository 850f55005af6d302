"""uv installs from the lock, with what is configured for pip; pip does where uv cannot; hashes hold either way."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from labs.base.errors import LabError, MissingDependency, StateError
from labs.machine import installer

UV = """#!{python}
import json, os, sys
json.dump({{"arguments": sys.argv[1:], "environment": dict(os.environ)}}, open({told!r}, "w"))
print({said!r})
sys.exit({code})
"""


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of wheels, the only place where pip looks."""
    folder = tmp_path / "house"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


@pytest.fixture
def python(tmp_path: Path) -> Path:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "venv")], check=True)
    return tmp_path / "venv" / "bin" / "python"


def wheel(house: Path, name: str, files: dict[str, str]) -> str:
    """Make a wheel of version 1.0; returns its line of a lock."""
    path = house / f"{name}-1.0-py3-none-any.whl"
    about = f"{name}-1.0.dist-info"
    files = files | {
        f"{about}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
        f"{about}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    with zipfile.ZipFile(path, "w") as archive:
        for place, text in files.items():
            entry = zipfile.ZipInfo(place)
            entry.external_attr = 0o100755 << 16 if "/scripts/" in place else 0
            archive.writestr(entry, text)
        archive.writestr(f"{about}/RECORD", "".join(f"{place},,\n" for place in (*files, f"{about}/RECORD")))
    return f"{name}==1.0 --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}\n"


def fake_uv(house: Path, monkeypatch: pytest.MonkeyPatch, code: int, said: str = "") -> Path:
    """A wheel of uv whose program only notes how it was called; returns the note's path."""
    told = house.parent / "told.json"
    program = UV.format(python=sys.executable, told=str(told), said=said, code=code)
    (house.parent / "uv.txt").write_text(wheel(house, "uv", {"uv-1.0.data/scripts/uv": program}))
    monkeypatch.setattr(installer, "UV_LOCK", house.parent / "uv.txt")
    return told


def install(house: Path, python: Path, lock: str) -> tuple[list[str], str]:
    """Install a lock; returns what was reported, and the log of the one that did it."""
    path = house.parent / "lock.txt"
    path.write_text(lock)
    said: list[str] = []
    installer.install(path, python, house.parent / "log", said.append)
    written = house.parent / "log"
    return said, (written if written.exists() else house.parent / "log-uv").read_text()


def test_uv_installs_into_that_python_and_is_gone_afterwards(
    house: Path, python: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = fake_uv(house, monkeypatch, 0, "Prepared 1 package in 5ms")
    said, log = install(house, python, wheel(house, "pequeno", {"pequeno.py": ""}))
    known = json.loads(told.read_text())
    assert known["arguments"][:4] == ["pip", "install", "--python", str(python)]
    assert "--require-hashes" in known["arguments"]
    assert known["environment"]["UV_FIND_LINKS"] == str(house) and "--no-index" in known["arguments"]
    assert not {"UV_DEFAULT_INDEX", "UV_INDEX"} & set(known["environment"]), "pip asks no index either"
    assert known["environment"]["UV_PYTHON_DOWNLOADS"] == "never" and known["environment"]["UV_NO_CONFIG"] == "1"
    assert said[-1] == "  gravando 1 pacotes …" and "Prepared" in log
    assert not list(python.parents[1].glob("labs-uv*"))


@pytest.mark.parametrize("has_uv", [True, False])
def test_pip_installs_where_uv_cannot(has_uv: bool, house: Path, python: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if has_uv:
        fake_uv(house, monkeypatch, 2, "error: something that only uv minds")
    said, log = install(house, python, wheel(house, "pequeno", {"pequeno.py": "VALUE = 7"}))
    assert "pip" in said[1] and "only uv" not in log
    assert subprocess.run([python, "-c", "import pequeno; assert pequeno.VALUE == 7"], check=False).returncode == 0


def test_another_file_than_the_locks_is_refused(house: Path, python: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_uv(house, monkeypatch, 2)
    line = wheel(house, "pequeno", {"pequeno.py": ""})
    wheel(house, "pequeno", {"pequeno.py": "VALUE = 'forged'"})
    with pytest.raises(MissingDependency) as caught:
        install(house, python, line)
    assert "log" in caught.value.next_command
    assert subprocess.run([python, "-c", "import pequeno"], capture_output=True, check=False).returncode != 0


def test_a_full_disk_is_told_without_trying_pip(house: Path, python: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_uv(house, monkeypatch, 2, "error: failed to copy file: No space left on device (os error 28)")
    with pytest.raises(StateError, match="disco"):
        install(house, python, wheel(house, "pequeno", {"pequeno.py": ""}))


def test_without_network_pip_is_not_tried_again(house: Path, python: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", "")
    monkeypatch.setenv("PIP_RETRIES", "1")
    said: list[str] = []
    lock = house.parent / "lock.txt"
    lock.write_text(wheel(house, "pequeno", {"pequeno.py": ""}))
    with pytest.raises(LabError, match="rede"):
        installer.install(lock, python, house.parent / "log", said.append)
    assert len(said) == 1


def test_pips_configuration_comes_from_its_files_and_variables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pip.conf").write_text("[global]\nindex-url = https://a/simple\ncert = /ca\n[install]\ncert = /ca2\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))
    monkeypatch.delenv("PIP_CERT", raising=False)
    monkeypatch.setenv("PIP_INDEX_URL", "https://b/simple")
    found = installer.pip_options([sys.executable, "-m", "pip"])
    assert found["index-url"] == "https://b/simple" and found["cert"] == "/ca2"


def test_uv_reads_what_was_set_for_pip() -> None:
    options = {
        "index-url": "https://i/simple",
        "extra-index-url": "https://j/simple\nhttps://k/simple",
        "find-links": "/a /b",
        "trusted-host": "i j",
        "cert": "/ca.pem",
        "proxy": "http://proxy:3128",
        "no-index": "false",
    }
    found = installer.uv_environment(options, {})
    assert found["UV_DEFAULT_INDEX"] == "https://i/simple"
    assert found["UV_INDEX"] == "https://j/simple https://k/simple"
    assert found["UV_FIND_LINKS"] == "/a,/b" and found["UV_INSECURE_HOST"] == "i j"
    assert found["SSL_CERT_FILE"] == "/ca.pem" and found["ALL_PROXY"] == "http://proxy:3128"
    assert installer.uv_flags(options) == []


def test_what_is_for_some_releases_of_a_python_is_fetched_for_all() -> None:
    one, two = (
        "a==1 ; python_full_version < '3.11.5' \\\n    --hash=x\n",
        "b==2 ; python_full_version < '3.12' \\\n    --hash=y\n",
    )
    plain = "c==3 \\\n    --hash=z\n"
    assert installer.of_every_release(one + two + plain) == [one + two + plain, "a==1 \\\n    --hash=x\n"]


@pytest.mark.parametrize("own", ["UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_FIND_LINKS"])
def test_uv_variables_set_on_purpose_win(own: str) -> None:
    environ = {own: "https://mine/simple", "UV_CONFIG_FILE": "/uv.toml", "UV_PYTHON_DOWNLOADS": "automatic"}
    found = installer.uv_environment({"index-url": "https://pip/simple", "cert": "/ca"}, environ)
    assert found[own] == "https://mine/simple" and "https://pip/simple" not in found.values()
    assert found["SSL_CERT_FILE"] == "/ca" and "UV_NO_CONFIG" not in found
    assert found["UV_PYTHON_DOWNLOADS"] == "never"
