"""A terminal of the lab, and a course typed in it as a learner types it.

The kit alone is needed, and no test's package: `python3 -` in the lab's own image runs this file too, and prints what
each step of the course came to.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from typing import Any

from labs.base.settings import CLONE, Settings
from labs.course import target_words
from labs.course.catalog import Step
from labs.running.runner import Runner
from labs.running.unattended import approve

SECONDS = 120
SSO_PAGE = re.compile(r"http://\S+/(sso/device\S+)")


def opened(settings: Settings) -> dict[str, str]:
    """The variables of a plain terminal in which `eval "$(python3 -m labs env)"` was typed."""
    plain = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TERM") if name in os.environ}
    told = subprocess.run(
        ["bash", "-c", 'eval "$(python3 -m labs env)"; env -0'],
        env={**plain, "LABS_HOME": str(settings.home), "PYTHONUNBUFFERED": "1"},
        cwd=CLONE,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=True,
    ).stdout
    return dict(line.split("=", 1) for line in told.split("\0") if line)


def typed(command: str, answers: str, variables: dict[str, str], settings: Settings) -> tuple[str, int]:
    """Type a command in the learner's working copy; returns what the terminal showed, and the exit code. The approval
    page of the lab's SSO is answered as a person does in a browser.
    """
    process = subprocess.Popen(
        ["bash", "-c", f'cd "$LAB_WORK/widget-server"; {command}'],
        env=variables,
        cwd=CLONE,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdin and process.stdout
    killer = threading.Timer(SECONDS, process.kill)
    killer.start()
    try:
        process.stdin.write(answers)
        process.stdin.close()
        lines = []
        for line in process.stdout:
            lines.append(line)
            if found := SSO_PAGE.search(line):
                approve(f"{settings.aws_endpoint}/{found[1]}")
        return "".join(lines), process.wait()
    finally:
        killer.cancel()
        process.stdout.close()


def answers_of(step: Step, settings: Settings) -> str:
    """What a person types when the step's command asks."""
    if step.stdin != "access-key":
        return ""
    key = json.loads((settings.secrets / "widget-dev.json").read_text())["AccessKey"]
    return f"{key['AccessKeyId']}\n{key['SecretAccessKey']}\nus-east-2\njson\n"


def course() -> list[dict[str, Any]]:
    """Type the whole course, each command as its card shows it; what each step came to."""
    settings = Settings.load()
    told: list[dict[str, Any]] = []
    for lesson in target_words.course(settings).lessons:
        variables = opened(settings)
        for step in (*lesson.steps, *filter(None, [lesson.challenge])):
            output, code = typed(step.command, answers_of(step, settings), variables, settings)
            verdict = Runner(Settings.load()).verify(lesson.id, step.id)
            if step.cleanup:
                typed(step.cleanup, "", variables, settings)
            path = f"{lesson.id}/{step.id}"
            told.append({"step": path, "passed": verdict.passed, "observed": verdict.observed, "code": code})
            told[-1] |= {"command": step.command, "output": output[-1500:]}
    return told


if __name__ == "__main__":
    json.dump(course(), sys.stdout)
