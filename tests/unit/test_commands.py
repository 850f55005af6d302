"""What goes through the seams, what goes to bash, and what a learner reads when it fails."""

from __future__ import annotations

import os
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from labs.base.errors import CommandError, EngineError, Interrupted
from labs.base.events import Event, Line, Progress
from labs.base.wait import Look, until
from labs.course.command_line import CommandLine
from labs.running import commands
from labs.running.commands import Context, execute, seam_action
from labs.seams.cloud import UnknownOptionError

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


@pytest.mark.parametrize(
    "command",
    [
        "docker build --build-arg A=b=c -t x:v1 -f exemplos/D .",
        "docker image build -t x:v1 .",
        "docker buildx build -t x:v1 --load .",
        "echo a > b && docker build -t x:v1 .",
    ],
)
def test_a_build_is_the_terminals_own_with_its_bars(
    command: str, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = context.settings.home / "programs"
    programs.mkdir()
    (programs / "docker").write_text('#!/bin/sh\necho "#5 [1/2] FROM x"\necho "#5 CACHED"\n')
    (programs / "docker").chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    seen: list[Event] = []
    execute(CommandLine.of(command), context, seen.append)
    bars = [event for event in seen if isinstance(event, Progress)]
    assert [(bar.label, bar.done, bar.cached) for bar in bars] == [("1/2 FROM x", 0, False), ("1/2 FROM x", 1, True)]
    assert engine(context).calls == []


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


def test_the_pipe_of_ecr_public_does_too(context: Context) -> None:
    cloud(context).answers["ecr-public", "get-login-password"] = "the-token"
    lines(
        "aws ecr-public get-login-password --region us-east-1 --profile console"
        " | docker login --username AWS --password-stdin $ECR_PUBLIC_REGISTRY",
        context,
    )
    assert cloud(context).calls == [("ecr-public", "get-login-password", {}, "console", "us-east-1")]
    assert engine(context).logins == {"127.0.0.1:5004": ("AWS", "the-token")}


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
    child = marker.read_text().strip()
    until("o filho acabar", lambda: Look(_is_gone(child)), 5)  # the signal reaches it in its own time


def _is_gone(pid: str) -> bool:
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
    monkeypatch.setattr(commands, "_bash", lambda part, *_: ran.append(part.text))
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


NOT_UNDERSTOOD = (
    *("docker build .", "docker build", "docker buildx build .", "docker -H unix:///x build .", "docker build . > f"),
    *("docker push", "docker push a b", "docker push -a x", "docker push -q x:1", "docker push x@sha256:" + "a" * 64),
    *("docker pull", "docker pull a b", "docker pull -a x", "docker pull --platform linux/arm64 x", 'docker pull ""'),
    *("docker login", "docker login -u u -p p r", "docker login -u u --password-stdin a b < f", "docker login r < f"),
    *(
        "docker login -u u -u v --password-stdin r < f",
        "docker login -u --password-stdin r < f",
        "docker --config x pull y",
    ),
    *("aws", "aws ecr", "aws ecr help", "aws ecr get-login", "aws ecr wait image-scan-complete", "aws configure"),
    *(
        "aws ecr describe-images x",
        "aws ecr describe-repositories --repository-names a b",
        "aws iam list-users --debug",
    ),
    *("aws iam list-users --output table", "aws iam list-users --output text", "aws iam list-users --query '['"),
    *("aws ecr delete-repository --repository-name x --force true", "aws iam list-users --no-paginate"),
    *(
        "aws ecr get-login-password --nope",
        "aws ecr get-login-password --query x",
        "aws iam list-users --endpoint-url x",
    ),
    *("aws ecr get-login-password --nope | docker login -u AWS --password-stdin r", "python3 -m labs.drill a b"),
    *("aws ecr get-login-password | docker login -u AWS --password-stdin r > f", "python3 -m labs.drill --nope"),
)


@pytest.mark.parametrize("command", NOT_UNDERSTOOD)
def test_a_word_that_the_seams_do_not_understand_leaves_the_line_to_bash(command: str, context: Context) -> None:
    (part,) = CommandLine.of(command).parts
    assert seam_action(part, context) is None


def test_an_option_that_no_service_knows_is_left_to_the_cli(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    """The CLI has options of its own for some operations, and takes abbreviations."""

    def refuse(*_: object) -> None:
        raise UnknownOptionError("Não tem.", "Unknown options: --max-items", "aws ecr help")

    handed: list[str] = []
    monkeypatch.setattr(cloud(context), "call", refuse)
    monkeypatch.setattr(commands, "_bash", lambda part, *_: handed.append(part.text))
    for command in (
        "aws ecr describe-images --repository-name x --max-items 3",
        "aws ecr get-login-password | docker login -u AWS --password-stdin r",
    ):
        execute(CommandLine.of(command), context, lambda _: None)
        assert handed.pop() == command


BUILDKIT = """#8 [2/2] RUN make
#8 0.100 begin
#8 0.200 no rule to make target
#8 ERROR: process "/bin/sh -c make" did not complete successfully: exit code: 2
------
 > [2/2] RUN make:
0.100 begin
0.200 no rule to make target
------
Dockerfile:2
--------------------
   1 |     FROM x
   2 | >>> RUN make
   3 |
   4 |
   5 |
--------------------
ERROR: failed to solve: process "/bin/sh -c make" did not complete successfully: exit code: 2"""


def test_what_a_build_with_buildkit_fails_at_is_shown(context: Context) -> None:
    (context.folder / "said").write_text(BUILDKIT)
    with pytest.raises(CommandError) as caught:
        lines("cat said; exit 1", context)
    assert caught.value.observed.startswith("> [2/2] RUN make:\n0.100 begin\n0.200 no rule")
    assert "`RUN`" in caught.value.what
    with pytest.raises(CommandError) as caught:
        lines("seq 20; exit 1", context)
    assert caught.value.observed.splitlines() == [str(number) for number in range(13, 21)]


def test_a_failing_command_is_explained_by_whom_it_asked(context: Context) -> None:
    with pytest.raises(CommandError) as caught:
        lines("echo 'denied: no' ; echo $ECR_REGISTRY unauthorized: no >&2; exit 1", context)
    assert "get-login-password" in caught.value.next_command


def test_a_cards_text_has_no_codes_of_a_terminal(context: Context) -> None:
    assert lines("printf '\\033[91mERROR\\033[0m: \\033]8;;http://x\\033\\\\x\\n'", context) == ["ERROR: x"]


def test_a_silent_failure_says_so(context: Context) -> None:
    with pytest.raises(CommandError, match="sem dizer por quê"):
        lines("exit 3", context)


def test_what_a_tool_colours_is_told_with_and_without_its_colours(context: Context) -> None:
    context.folder.mkdir(parents=True, exist_ok=True)
    seen: list[Event] = []
    execute(CommandLine.of(r"printf '\033[2K\033[31mruim\033[0m\nbom\n'"), context, seen.append)
    assert seen == [Line("ruim", coloured="\x1b[2K\x1b[31mruim\x1b[0m"), Line("bom")]
