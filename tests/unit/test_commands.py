"""What goes through the seams, what goes to bash, and what a learner reads when it fails."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from labs.base.errors import CommandError, EngineError, Interrupted
from labs.base.events import Event, Line
from labs.course.command_line import CommandLine
from labs.running import commands
from labs.running.commands import Context, execute

from .fakes import FakeCloud, FakeEngine, FakeWorld


@pytest.fixture
def context(world: FakeWorld) -> Context:
    return Context(world.settings, world.engine, world.cloud, world.settings.work / "widget-server")


def lines(command: str, context: Context) -> list[str]:
    seen: list[Event] = []
    execute(CommandLine.of(command), context, seen.append)
    return [event.text for event in seen if isinstance(event, Line)]


def engine(context: Context) -> FakeEngine:
    assert isinstance(context.engine, FakeEngine)
    return context.engine


def cloud(context: Context) -> FakeCloud:
    assert isinstance(context.cloud, FakeCloud)
    return context.cloud


@pytest.mark.parametrize(
    ("command", "parts"),
    [
        ("a && b", ["a", "b"]),
        ("echo 'a && b'", ["echo 'a && b'"]),
        ("(umask 077 && a) && b", ["(umask 077 && a)", "b"]),
        ("a; b && c", ["a; b && c"]),
        ("a || b && c", ["a || b && c"]),
        ('echo "$(a && b)" && c', ['echo "$(a && b)"', "c"]),
    ],
)
def test_split_at_and(command: str, parts: list[str]) -> None:
    assert [part.text for part in CommandLine.of(command).parts] == parts


def test_build_goes_to_the_engine_with_its_options(context: Context) -> None:
    execute(CommandLine.of("docker build --build-arg A=b=c -t x:v1 -f exemplos/D ."), context, lambda _: None)
    assert engine(context).calls == [("build", context.folder.resolve(), "x:v1", "exemplos/D", {"A": "b=c"})]


def test_push_expands_the_labs_variables(context: Context) -> None:
    lines("docker push $HUB_REGISTRY/$HUB_USER/widget-server:v1", context)
    assert engine(context).calls == [("push", "127.0.0.1:5001/aluno/widget-server:v1")]


def test_login_reads_the_password_from_a_file(context: Context) -> None:
    context.settings.hub_token_file.parent.mkdir()
    context.settings.hub_token_file.write_text("s3cret\n")
    printed = lines('docker login $HUB_REGISTRY --username $HUB_USER --password-stdin < "$HUB_TOKEN_FILE"', context)
    assert engine(context).logins == {"127.0.0.1:5001": ("aluno", "s3cret")}
    assert printed == ["Login Succeeded"]


def test_a_missing_password_file_says_what_to_do(context: Context) -> None:
    with pytest.raises(CommandError) as caught:
        execute(
            CommandLine.of('docker login r --username u --password-stdin < "$HUB_TOKEN_FILE"'), context, lambda _: None
        )
    assert "labs.account" in caught.value.next_command


def test_the_ecr_pipe_logs_in_without_a_second_program(context: Context) -> None:
    cloud(context).answers["ecr", "get-login-password"] = "the-token"
    lines(
        "aws ecr get-login-password --region us-east-2 | docker login --username AWS --password-stdin $ECR_REGISTRY",
        context,
    )
    assert cloud(context).calls == [("ecr", "get-login-password", {}, "default", "us-east-2")]
    assert engine(context).logins == {"127.0.0.1:5002": ("AWS", "the-token")}


def test_aws_prints_what_the_cli_prints(context: Context) -> None:
    cloud(context).answers["iam", "get-account-summary"] = {"SummaryMap": {"AccountAccessKeysPresent": 0}}
    assert lines(
        "aws iam get-account-summary --query SummaryMap.AccountAccessKeysPresent --profile console", context
    ) == ["0"]
    cloud(context).answers["ecr", "create-repository"] = {"repository": {"repositoryName": "x"}}
    assert lines("aws ecr create-repository --repository-name x", context)[0] == "{"
    assert cloud(context).calls[-1] == ("ecr", "create-repository", {"repository-name": "x"}, "default", "")


@pytest.mark.parametrize(
    "command",
    ["echo $HUB_USER", "docker_not_known --x || echo $HUB_USER", "echo $(echo $HUB_USER)", "cat <<< $HUB_USER"],
)
def test_all_else_is_bash_with_the_labs_environment(command: str, context: Context) -> None:
    assert lines(command, context)[-1] == "aluno"


def test_bash_gets_the_answers_that_a_command_asks_for(context: Context) -> None:
    assert lines("read a; read b; echo $b-$a", replace(context, answers="um\ndois\n")) == ["dois-um"]


def test_a_failing_command_keeps_its_own_words(context: Context) -> None:
    with pytest.raises(CommandError) as caught:
        execute(CommandLine.of("echo 'bind: address already in use' >&2; exit 3"), context, lambda _: None)
    assert caught.value.observed == "bind: address already in use"
    assert "porta" in caught.value.what and caught.value.next_command


def test_the_second_part_does_not_run_after_a_failure(context: Context) -> None:
    engine(context).refuse = "denied: requested access to the resource is denied"
    with pytest.raises(EngineError):
        execute(CommandLine.of("docker push a/b:v1 && touch ran"), context, lambda _: None)
    assert not (context.folder / "ran").exists()


def test_cancel_ends_a_silent_command_and_its_children(context: Context, tmp_path: Path) -> None:
    cancel = threading.Event()
    marker = tmp_path / "pid"
    threading.Timer(0.3, cancel.set).start()
    started = time.monotonic()
    with pytest.raises(Interrupted):
        execute(CommandLine.of(f"sleep 60 & echo $! > {marker}; wait"), replace(context, cancel=cancel), lambda _: None)
    assert time.monotonic() - started < 10
    assert not Path(f"/proc/{marker.read_text().strip()}").exists() or _is_zombie(marker.read_text().strip())


def _is_zombie(pid: str) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] == "Z"
    except FileNotFoundError:
        return True


def test_a_missing_working_folder_is_named(context: Context, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="pasta de trabalho"):
        execute(CommandLine.of("true"), replace(context, folder=tmp_path / "nope"), lambda _: None)


INNER = """aws iam list-access-keys --query "AccessKeyMetadata[?Status=='Inactive'].AccessKeyId" --output text"""


def test_an_answer_inside_a_command_starts_no_python(context: Context) -> None:
    cloud(context).profiles["default"] = {"aws_access_key_id": "AKIA1"}
    cloud(context).answers["iam", "delete-access-key"] = {}
    assert lines("aws iam delete-access-key --access-key-id $(aws configure get aws_access_key_id)", context) == []
    assert cloud(context).calls[-1][2] == {"access-key-id": "AKIA1"}
    keys = [{"AccessKeyId": "AKIA2", "Status": "Inactive"}, {"AccessKeyId": "AKIA3", "Status": "Active"}]
    cloud(context).answers["iam", "list-access-keys"] = {"AccessKeyMetadata": keys}
    assert lines(f"aws iam delete-access-key --access-key-id $({INNER})", context) == []
    assert cloud(context).calls[-1][2] == {"access-key-id": "AKIA2"}


@pytest.mark.parametrize("inactive", [0, 2])
def test_an_answer_that_is_not_one_word_is_the_shells(
    context: Context, inactive: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = [{"AccessKeyId": f"AKIA{number}", "Status": "Inactive"} for number in range(inactive)]
    cloud(context).answers["iam", "list-access-keys"] = {"AccessKeyMetadata": keys}
    ran: list[str] = []
    monkeypatch.setattr(commands, "_bash", lambda text, *_: ran.append(text))
    line = f"aws iam delete-access-key --access-key-id $({INNER})"
    lines(line, context)
    assert ran == [line] and "delete-access-key" not in [call[1] for call in cloud(context).calls]


@pytest.mark.parametrize(
    "word",
    ["$(cat id)", "x$(aws configure get a)", "$(aws configure get a; true)", "$(aws configure get a > x)", "`aws x y`"],
)
def test_another_substitution_is_the_shells(context: Context, word: str) -> None:
    part = CommandLine.of(f"aws iam delete-access-key --access-key-id {word}").parts[0]
    assert commands.seam_action(part, context) is None
