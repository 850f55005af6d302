"""What files each layer of an image holds, read from `docker save`, as anybody with the image can."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import tarfile
from typing import IO, TYPE_CHECKING, Any

from labs.base.errors import CommandError
from labs.base.explain import explain

if TYPE_CHECKING:
    from labs.seams.world import World


def files(world: World, reference: str) -> tuple[frozenset[str], ...]:
    """Paths in each layer, oldest layer first; a deletion is the path's own entry with `.wh.` before the last name
    (OCI image layer specification, "Whiteouts").

    Raises:
        CommandError: the engine has no such image.
    """
    process = subprocess.Popen(
        ["docker", "save", reference],
        env={**os.environ, **world.settings.environment()},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout and process.stderr
    with process:
        found = _members(process.stdout)
        said = process.stderr.read().decode("utf-8", "replace")
    if "manifest.json" not in found:
        explanation = explain(said)
        raise CommandError(
            f"Não consegui ler a imagem {reference}. {explanation.what}".strip(), said, "docker image ls"
        )
    return tuple(found.get(name) or frozenset() for name in found["manifest.json"][0]["Layers"])


def _members(stream: IO[bytes]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    with contextlib.suppress(tarfile.ReadError):  # nothing in it: the client's own words say why
        with tarfile.open(fileobj=stream, mode="r|") as image:
            for member in image:
                if member.isfile() and (content := image.extractfile(member)):
                    found[member.name] = _entry(member.name, content)
        stream.read()
    return found


def _entry(name: str, content: IO[bytes]) -> Any:
    """The manifest as data, a layer as the set of its paths, None for all else."""
    if name == "manifest.json":
        return json.load(content)
    try:
        with tarfile.open(fileobj=content, mode="r|*") as layer:
            return frozenset(member.name.removeprefix("./") for member in layer)
    except tarfile.TarError:
        return None
