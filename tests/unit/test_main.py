"""The verbs: names, options, exit codes, and never a traceback."""

from __future__ import annotations

import ast
import json
import os
import shlex
import subprocess
import sys
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

import labs
from labs.base import apt
from labs.base.errors import EngineError
from labs.base.foreign import SHADOWED, is_foreign
from labs.base.settings import CLONE
from labs.cli import main, pytest_words

VERBS = {
    *("start", "test", "up", "down", "reset", "status", "doctor", "env", "run", "prepare", "recover"),
    *(
        "journey",
        "certificate",
        "cleanup",
        "account",
        "hub",
        "class",
        "sso",
        "mfa",
        "sandbox",
        "drill",
        "ports",
        "target",
        "secrets_scan",
        "layers",
        "pack",
    ),
    "notebooks",
}


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LABS_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("LABS_VENV", str(tmp_path / "venv"))  # not made: no verb here may leave this process


def _fails_with(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def status(_: object) -> int:
        raise error

    monkeypatch.setitem(main.VERBS, "status", replace(main.VERBS["status"], handler=status))


def test_the_verbs_are_the_fixed_ones() -> None:
    action = next(item for item in main.parser()._actions if item.dest == "verb")
    assert set(action.choices or ()) == VERBS


@pytest.mark.parametrize(
    "line",
    [
        *(
            "start --no-browser --port 9000 --yes",
            "start --no-install",
            "test --yes --fast --exhaustive",
            "up",
            "down",
            "reset --yes",
        ),
        *("status --json", "doctor --json", "env", "run --json 02-build", "run --yes", "run --no-install"),
    ],
)
def test_options_exist(line: str) -> None:
    main.parser().parse_args(line.split())


def test_pytests_arguments_pass_untouched() -> None:
    own, rest = pytest_words.split(["test", "--yes", "-k", "foo", "--tb=short", "tests/unit"])
    assert own == ["test", "--yes"] and rest == ["-k", "foo", "--tb=short", "tests/unit"]
    assert pytest_words.split(["test", "tests/unit", "--fast", "--", "--json"]) == (
        ["test", "--fast"],
        ["tests/unit", "--json"],
    )
    assert pytest_words.split(["test", "--", "-q"])[1] == ["-q"]
    assert pytest_words.split(["test", "--exhaustive", "-x"]) == (["test", "--exhaustive"], ["-x"])


@pytest.mark.parametrize(
    "line",
    ["", "foo", "start --port 0", "start --port x", "status --yaml", "test --dry-run", "test tests/unit --exhaustiv"],
)
def test_wrong_usage_is_two_and_portuguese(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main.main(line.split())
    assert caught.value.code == 2
    assert "erro:" in capsys.readouterr().err


def test_an_error_of_the_lab_is_text_on_stderr_and_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _fails_with(monkeypatch, EngineError("O engine recusou.", "HTTP 500", "python3 -m labs doctor"))
    assert main.main(["status"]) == 1
    said = capsys.readouterr()
    assert said.err.splitlines() == [
        "O engine recusou.",
        "Observado: HTTP 500",
        "Próximo comando: python3 -m labs doctor",
    ]
    assert said.out == ""


def test_an_unexpected_error_is_seventy_with_its_traceback_in_a_file(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    _fails_with(monkeypatch, ZeroDivisionError("division by zero"))
    assert main.main(["status"]) == 70
    said = capsys.readouterr().err
    assert "Traceback" not in said
    log = next((tmp_path / "home" / "sandbox" / "logs").glob("erro-*.log"))
    assert str(log) in said and "Traceback" in log.read_text()


def test_ctrl_c_is_130(monkeypatch: pytest.MonkeyPatch) -> None:
    _fails_with(monkeypatch, KeyboardInterrupt())
    assert main.main(["status"]) == 130


@pytest.fixture
def _nothing_foreign(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if is_foreign(name)]:
        monkeypatch.delenv(name)


@pytest.mark.usefixtures("_nothing_foreign")
def test_env_is_what_a_shell_can_eval(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main.main(["env"]) == 0
    lines = capsys.readouterr().out.splitlines()
    shadows = [f"{{ unalias {name}; unset -f {name}; }} 2>/dev/null || true" for name in SHADOWED]
    assert lines[-len(shadows) :] == shadows
    lines = [line for line in lines[: -len(shadows)] if line != "unset PYTHONHOME"]
    assert all(line.startswith("export ") for line in lines)
    variables = dict(shlex.split(line)[1].split("=", 1) for line in lines)
    assert variables["LABS_HOME"] == str(tmp_path / "home")
    assert variables["LAB_WORK"] == str(tmp_path / "home" / "work")
    assert variables["PATH"].split(os.pathsep)[0] == str(Path(sys.prefix) / "bin")
    assert {"DOCKER_CONFIG", "AWS_ENDPOINT_URL", "HUB_REGISTRY", "HUB_USER", "ECR_REGISTRY"} <= set(variables)


@pytest.mark.usefixtures("_nothing_foreign")
def test_env_takes_out_what_would_win_over_the_lab(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    foreign = {"AWS_PROFILE": "empresa", "AWS_ENDPOINT_URL_IAM": "http://x", "AWS_ACCESS_KEY_ID": "AKIAREAL"}
    foreign |= {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true", "AWS_REGION": "sa-east-1"}
    foreign |= {"DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": "/nenhum", "DOCKER_CONTENT_TRUST": "1", "BASH_ENV": "/x"}
    foreign |= {"DOCKER_DEFAULT_PLATFORM": "linux/arm64", "BUILDX_BUILDER": "b", "COMPOSE_FILE": "x", "CDPATH": "/"}
    monkeypatch.setenv("BASH_FUNC_docker%%", "() { sudo docker; }")
    for name, value in (foreign | {"AWS_CA_BUNDLE": "/ca.pem", "no_proxy": "interno.example, 10.0.0.1"}).items():
        monkeypatch.setenv(name, value)
    assert main.main(["env"]) == 0
    told = capsys.readouterr()
    unset = [line.split()[1] for line in told.out.splitlines() if line.startswith("unset ")]
    assert set(unset) == {*foreign, "PYTHONHOME"} and "empresa" in told.err
    assert "export NO_PROXY=interno.example,10.0.0.1,127.0.0.1,localhost" in told.out.splitlines()


def test_status_and_down_before_the_first_up(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["status", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["running"] is False
    assert main.main(["down"]) == 0
    assert main.main(["reset", "--yes"]) == 0


def test_reset_never_deletes_without_an_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "progress.json").write_text("{}")
    monkeypatch.setattr(apt, "is_terminal", lambda: False)
    assert main.main(["reset"]) == 1
    monkeypatch.setattr(apt, "is_terminal", lambda: True)
    monkeypatch.setattr("builtins.input", lambda _: "não")
    assert main.main(["reset"]) == 1
    assert (tmp_path / "home" / "progress.json").exists()


def test_reset_lists_what_goes_before_it_asks_and_a_dry_run_only_lists(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    home = tmp_path / "home"
    for folder in ("work", "sandbox/hub", "sandbox/cache"):
        (home / folder).mkdir(parents=True)
    for name in ("progress.json", "settings.json", "minha-nota.txt"):
        (home / name).write_text(json.dumps({"ports": {}}))
    monkeypatch.setattr(apt, "is_terminal", lambda: True)
    monkeypatch.setattr("builtins.input", lambda _: pytest.fail("asked"))
    assert main.main(["reset", "--dry-run"]) == 0
    listed = capsys.readouterr().out
    for name in ("work", "sandbox", "progress.json", "settings.json"):
        assert f"  {home / name}: " in listed
    assert "minha-nota.txt" not in listed and (home / "progress.json").exists()
    monkeypatch.setattr("builtins.input", lambda _: "apagar")
    assert main.main(["reset"]) == 0
    assert capsys.readouterr().out == listed
    assert sorted(path.name for path in home.iterdir()) == [".lock", "minha-nota.txt", "sandbox"]
    assert [path.name for path in (home / "sandbox").iterdir()] == ["cache"]


def test_the_progress_as_json_is_nothing_but_that(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["journey", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["done"] == 0 and told["total"] == len(told["steps"]) > 100
    assert told["continue"]["lesson"].startswith("00-") and told["steps"][0]["when"] is None


def test_the_version_is_the_one_of_the_project(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main.main(["--version"])
    declared = tomllib.loads((CLONE / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    assert (ended.value.code, capsys.readouterr().out) == (0, f"{declared}\n")
    assert labs.__version__ == declared


def test_damaged_settings_are_said_and_do_not_block_down(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "settings.json").write_text("{")
    assert main.main(["env"]) == 1
    assert "danificado" in capsys.readouterr().err
    assert main.main(["down"]) == 0


def test_the_entry_file_parses_on_old_pythons() -> None:
    ast.parse((CLONE / "labs" / "__main__.py").read_text("utf-8"), feature_version=(3, 4))


def test_an_old_python_gets_a_sentence() -> None:
    code = "import sys; sys.version_info = (3, 9, 1); import runpy; runpy.run_module('labs', run_name='__main__')"
    done = subprocess.run([sys.executable, "-c", code], cwd=CLONE, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "3.11" in done.stderr and "Traceback" not in done.stderr


def test_the_bare_verbs_need_only_the_standard_library(tmp_path: Path) -> None:
    """On a bare machine nothing is installed yet: `-S -I`-like isolation from every site package."""
    for verb in ("status", "env", "down", "--version"):
        done = subprocess.run(
            [sys.executable, "-S", "-m", "labs", verb], cwd=CLONE, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
