"""No secret of the learner's leaves its file in a whole course; and the scanner finds one wherever it is planted."""

from __future__ import annotations

import base64
import http.client
import json
import os
import re
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from labs.base.processes import start_of, stop
from labs.base.settings import CLONE
from labs.jupyter import server
from labs.jupyter.configuration import token
from labs.secrecy.scan import Report, Scan
from labs.secrecy.values import Needles, in_notebook, known
from tests.courses import SAVED, Taught


def told(report: Report) -> str:
    return "\n".join(map(str, report.findings))


def test_after_the_whole_course_no_secret_is_out_of_place(taught: Taught) -> None:
    values = known(taught.settings)
    assert {"secrets/hub-token", "secrets/jupyter-token", "secrets/registry-http"} <= set(values.values())
    assert any(place.startswith("aws/credentials") for place in values.values())
    books = [json.loads(path.read_text()) for path in (taught.settings.work / "notebooks").glob("*.ipynb")]
    saved = [book["metadata"]["widgets"] for book in books if "widgets" in book["metadata"]]
    states = [one["application/vnd.jupyter.widget-state+json"]["state"] for one in saved]
    assert len(states) == len(SAVED) and all(states), "the widgets' state was not saved"
    proven = list(json.loads((taught.settings.home / "progress.json").read_text())["steps"].values())
    assert len(proven) > 100 and all(step["passed"] for step in proven)
    kinds = Counter(re.sub(r"[^a-z/].*", "", place) for place in taught.used.values())
    assert len(taught.used) > 30 and kinds["aws/credentials"] > 5 and kinds["docker/config"] > 5, kinds
    report = Scan(taught.settings, taught.used).run()
    assert not report.findings, told(report)
    assert report.files > 1000 and report.bytes > 50 << 20 and report.processes > 5
    command = [sys.executable, "-m", "labs.secrets_scan"]
    variables = os.environ | taught.settings.environment()
    done = subprocess.run(command, cwd=CLONE, env=variables, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0 and "Nenhum segredo fora do lugar" in done.stdout, done.stdout


def notebook(**changes: Any) -> str:
    cell: dict[str, Any] = {
        "id": "a",
        "cell_type": "code",
        "source": "1",
        "outputs": [],
        "execution_count": None,
        "metadata": {},
    }
    book = {"cells": [{**cell, **changes}], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(book)


def output(text: str) -> list[dict[str, Any]]:
    return [{"output_type": "stream", "name": "stdout", "text": ["uma linha\n", text]}]


def test_a_canary_is_found_in_each_kind_of_place(
    taught: Taught, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, work = taught.settings, taught.settings.work
    canaries: dict[str, str] = {}

    def canary(place: str) -> str:
        value = f"canario{secrets.token_hex(12)}"
        canaries[value] = place
        return value

    with ExitStack() as stack:

        def plant(path: Path, text: str) -> None:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            stack.callback(path.unlink)

        plant(work / "notebooks" / "a.ipynb", notebook(source=canary("a cell")))
        plant(work / "notebooks" / "b.ipynb", notebook(outputs=output(canary("an output"))))
        widgets = {"widgets": {"application/vnd.jupyter.widget-state+json": {"state": {"x": canary("widget state")}}}}
        plant(work / "notebooks" / "c.ipynb", json.dumps({**json.loads(notebook()), "metadata": widgets}))
        plant(settings.sandbox / "logs" / "x.log", f"2026 INFO {canary('a log')}\n")
        plant(settings.home / "ipython" / "history.txt", canary("the kernel's history"))
        plant(tmp_path / ".bash_history", f"docker login -p {canary('the shell history')}\n")
        monkeypatch.setenv("HOME", str(tmp_path))
        folder = Path(tempfile.mkdtemp(prefix="leftover-"))
        stack.callback(shutil.rmtree, folder)
        (folder / "x").write_text(canary("the temporary folder"))
        encoded = base64.b64encode(f"aluno:{canary('base64')}".encode()).decode()
        plant(work / "notes.txt", f"Authorization: Basic {encoded}")

        build, layer, argument = canary("an image's ENV"), canary("a layer"), canary("an image's history")
        lines = f"FROM labs/python-base:3\nARG X\nENV SECRET={build}\n"
        lines += f"RUN printf %s {layer} > /s && rm /s\n"
        lines += 'RUN test -n "$X"\n'
        context = tmp_path / "context"
        plant(context / "Dockerfile", lines)
        plant(context / "copied", canary("a copied file"))
        (context / "Dockerfile").write_text(lines + "COPY copied /copied\nRUN rm /copied\n")
        name = f"{settings.hub_registry}/{settings.hub_user}/canary:1"
        taught.shell(f"docker build --build-arg X={argument} -t {name} {context}")
        stack.callback(taught.shell, f"docker rmi {name}")
        login = 'docker login $HUB_REGISTRY --username $HUB_USER --password-stdin < "$HUB_TOKEN_FILE"'
        taught.shell(f"{login} && docker push {name}")
        word = canary("a container's environment")
        container = taught.shell(
            f"docker run -d -e KEY={word} labs/python-base:3 sh -c 'echo {canary('its log')}'"
        ).strip()
        stack.callback(taught.shell, f"docker rm -f {container}")

        sleeper = "import signal; signal.pause()"
        variables = os.environ | settings.environment() | {"HUB_PASSWORD": canary("a process's environment")}
        process = subprocess.Popen([sys.executable, "-c", sleeper, canary("a command line")], env=variables)
        stack.callback(stop, process.pid, start_of(process.pid), 5.0)

        report = Scan(settings, canaries).run()
    found: dict[str, set[str]] = {}
    for one in report.findings:
        found.setdefault(one.secret, set()).add(one.kind)
    assert set(canaries.values()) <= set(found), sorted(set(canaries.values()) - set(found))
    assert "notebook" in found["a cell"] & found["an output"] & found["widget state"]
    assert "log" in found["a log"] and "histórico" in found["the shell history"]
    assert "pasta temporária" in found["the temporary folder"]
    assert "linha de comando" in found["a command line"] and "variável de ambiente" in found["a process's environment"]
    assert {"registry", "imagem, container ou log do engine"} <= found["a copied file"]
    assert {"registry", "imagem, container ou log do engine"} <= found["an image's history"]
    assert not [value for value in canaries if value in told(report)], "a report never tells a value"


def test_a_secret_file_that_others_can_read_is_found(taught: Taught) -> None:
    path = taught.settings.hub_token_file
    path.chmod(0o644)
    try:
        scan = Scan(taught.settings)
        scan.state_folder()
        assert [one.secret for one in scan.report.findings] == ["secrets/hub-token"], told(scan.report)
    finally:
        path.chmod(0o600)


def save(taught: Taught, path: str, book: dict[str, Any]) -> tuple[int, str]:
    """`PUT /api/contents`, as JupyterLab saves."""
    origin = taught.address.partition("//")[2].partition("/")[0]
    connection = http.client.HTTPConnection(origin, timeout=20)
    try:
        headers = {"Authorization": f"token {token(taught.settings)}", "Content-Type": "application/json"}
        content = json.dumps({"type": "notebook", "format": "json", "content": book})
        connection.request("PUT", f"/api/contents/{path}", content.encode(), headers)
        reply = connection.getresponse()
        return reply.status, reply.read().decode()
    finally:
        connection.close()


def test_a_notebook_with_a_secret_is_not_saved_and_nothing_is_lost(taught: Taught) -> None:
    path = taught.settings.work / "notebooks" / "saved.ipynb"
    token = taught.settings.hub_token_file.read_text().strip()
    try:
        status, said = save(taught, "notebooks/saved.ipynb", json.loads(notebook(source="antes")))
        assert status == 201, said
        before = path.read_bytes()
        for changes in ({"outputs": output(token)}, {"source": [f"login('{token[:9]}", f"{token[9:]}')"]}):
            status, said = save(taught, "notebooks/saved.ipynb", json.loads(notebook(**changes)))
            message = json.loads(said)["message"]
            assert status == 422 and "não foi salvo" in message and "célula 1" in message and "hub-token" in message
            assert token not in said and path.read_bytes() == before
        status, said = save(taught, "notebooks/saved.ipynb", json.loads(notebook(source="depois")))
        assert status == 200 and b"depois" in path.read_bytes(), said
    finally:
        path.unlink(missing_ok=True)
    assert "contém um segredo" in (taught.settings.sandbox / "logs" / "jupyter.log").read_text()


@pytest.mark.parametrize(
    "text",
    [
        '"SecretAccessKey": "' + "a1B2" * 10 + '"',
        "aws_secret_access_key = " + "a1B2" * 10,
        "dckr_pat_" + "x" * 27,
        "{'SecretAccessKey': '" + "a1B2" * 10 + "'}",
        base64.b64encode(b'{"payload":"' + b"a1B2" * 30).decode(),
        base64.b64encode(b"AWS:eyJwYXlsb2FkIjoi" + b"a1B2" * 30).decode(),
        f"Bearer eyJ{'a1B2' * 10}.{'a1B2' * 10}.{'a1B2' * 8}",
    ],
)
def test_secrets_of_other_labs_are_known_by_their_shape(text: str) -> None:
    assert in_notebook(json.loads(notebook(outputs=output(text))), Needles({}))
    assert not in_notebook(json.loads(notebook(outputs=output("SecretAccessKey: ••••••"))), Needles({}))
    example = '"SecretAccessKey": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"'
    assert not in_notebook(json.loads(notebook(source=example)), Needles({}))


# JupyterLab's own door -----------------------------------------------------------------------------


@pytest.mark.parametrize("target", ["/api/contents", "/api/kernels", "/api/terminals", "/lab"])
def test_jupyterlab_needs_its_token_and_its_own_host(taught: Taught, target: str) -> None:
    origin = taught.address.partition("//")[2].partition("/")[0]
    header = {"Authorization": f"token {token(taught.settings)}"}
    tries: tuple[tuple[dict[str, str], tuple[int, ...]], ...] = (
        ({}, (302, 403)),
        ({"Authorization": "token wrong"}, (302, 403)),
        ({**header, "Host": "evil.example"}, (403,)),
        ({**header, "Host": "evil.example:8888", "Origin": "http://evil.example:8888"}, (403,)),
        (header, (200,)),
    )
    for headers, wanted in tries:
        assert ask(origin, "GET", target, headers) in wanted, headers


def test_jupyterlab_takes_no_orders_from_other_pages(taught: Taught) -> None:
    origin = taught.address.partition("//")[2].partition("/")[0]
    connection = http.client.HTTPConnection(origin, timeout=20)
    try:
        connection.request("GET", f"/lab?token={token(taught.settings)}")
        cookies = connection.getresponse().headers.get_all("Set-Cookie") or []
    finally:
        connection.close()
    browser = {"Cookie": "; ".join(cookie.partition(";")[0] for cookie in cookies)}
    assert ask(origin, "GET", "/api/contents", browser) == 200, "the browser is logged in by its cookie"
    posted = {**browser, "Origin": "http://evil.example", "Content-Type": "text/plain"}
    assert ask(origin, "POST", "/api/terminals", posted) in (403, 404)
    upgrade = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "eA==",
    }
    assert ask(origin, "GET", "/api/events/subscribe", {**upgrade, "Origin": "http://evil.example"}) == 403


def test_jupyterlab_listens_on_loopback_alone(taught: Taught) -> None:
    from .test_front_door import listening

    servers = [pid for pid in server.descendants(taught.settings) if "labs.jupyter.application" in command_line(pid)]
    assert servers and {address for pid in servers for address in listening(pid)} == {"0100007F"}


def command_line(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_text(errors="replace")


def ask(origin: str, method: str, target: str, headers: dict[str, str]) -> int:
    connection = http.client.HTTPConnection(origin, timeout=20)
    try:
        connection.request(method, target, headers=headers)
        return connection.getresponse().status
    finally:
        connection.close()
