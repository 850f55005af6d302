"""The reader of `docker save`: both layouts of an image archive, and what it must refuse to judge."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import io
import json
import lzma
import os
import sys
import tarfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import IO, Any

import pytest

from labs.base import unpacking
from labs.base.errors import CommandError, MissingDependency
from labs.base.settings import Settings
from labs.seams import image_layers
from labs.seams.image_layers import archive, paths
from labs.secrecy.scan import Scan

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

OCI = "application/vnd.oci.image"


def tar(members: Iterable[tuple[str, bytes | str]]) -> bytes:
    """An archive; a member whose content is text is a symbolic link to it."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as made:
        for name, content in members:
            entry = tarfile.TarInfo(name)
            if isinstance(content, str):
                entry.type, entry.linkname = tarfile.SYMTYPE, content
                made.addfile(entry)
            else:
                entry.size = len(content)
                made.addfile(entry, io.BytesIO(content))
    return file.getvalue()


def layer(*names: str) -> bytes:
    return tar((name, b"x") for name in names)


def as_json(value: Any) -> bytes:
    return json.dumps(value).encode()


class Layout:
    """An OCI image layout in the making."""

    def __init__(self) -> None:
        self.members: dict[str, bytes] = {"oci-layout": b'{"imageLayoutVersion": "1.0.0"}'}

    def blob(self, content: bytes, kind: str = "", **more: Any) -> dict[str, Any]:
        digest = hashlib.sha256(content).hexdigest()
        self.members[f"blobs/sha256/{digest}"] = content
        return {"mediaType": kind, "digest": f"sha256:{digest}", "size": len(content), **more}

    def image(self, *layers: bytes, **more: Any) -> dict[str, Any]:
        config = self.blob(as_json({"os": "linux", "history": []}))
        manifest = {"config": config, "layers": [self.blob(one) for one in layers]}
        return self.blob(as_json(manifest), f"{OCI}.manifest.v1+json", **more)

    def index(self, *entries: Mapping[str, Any]) -> bytes:
        return as_json({"schemaVersion": 2, "manifests": entries})

    def saved(self, *entries: Mapping[str, Any], **more: bytes) -> bytes:
        return tar({**self.members, "index.json": self.index(*entries), **more}.items())


def chunked(content: bytes) -> bytes:
    """As podman's zstd:chunked: several frames, and one to skip (RFC 8878, section 3.1.2)."""
    half = len(content) // 2
    skipped = b"\x50\x2a\x4d\x18\x04\0\0\0skip"
    return b"".join((skipped, zstd.compress(content[:half]), zstd.compress(content[half:]), skipped))


PACKED: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "two gzips": lambda content: gzip.compress(content[:700]) + gzip.compress(content[700:]),
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "zstd": zstd.compress,
    "zstd:chunked": chunked,
}


def held(image: image_layers.SavedImage) -> list[set[str]]:
    """The files of each layer."""
    return [set(layer) for layer in paths(image)]


def read(content: bytes) -> tuple[image_layers.SavedImage, ...]:
    return archive(io.BytesIO(content))


CLASSIC: list[tuple[str, bytes | str]] = [
    ("aaa/VERSION", b"1.0"),
    ("aaa/json", b'{"id": "aaa"}'),
    ("aaa/layer.tar", layer("./bin/sh", "etc/passwd")),
    ("bbb/layer.tar", layer("app/.wh.gone")),
    ("ccc/layer.tar", "../aaa/layer.tar"),
    ("f00.json", b'{"os": "linux"}'),
]
CLASSIC_MANIFEST = {
    "Config": "f00.json",
    "RepoTags": ["app:v1", "app:v2"],
    "Layers": ["aaa/layer.tar", "bbb/layer.tar", "ccc/layer.tar"],
}


def test_the_classic_layout_and_a_layer_that_the_image_has_twice() -> None:
    (image,) = read(tar([*CLASSIC, ("manifest.json", as_json([CLASSIC_MANIFEST]))]))
    base = frozenset({"bin/sh", "etc/passwd"})
    assert paths(image) == (base, frozenset({"app/.wh.gone"}), base)
    assert image.names == ("app:v1", "app:v2")
    assert image.config == {"os": "linux"}
    assert {"f00.json", "aaa/layer.tar", "ccc/layer.tar", "ccc/json"} <= image.members


def test_an_image_without_a_name_is_called_by_its_id() -> None:
    (image,) = read(tar([*CLASSIC, ("manifest.json", as_json([{**CLASSIC_MANIFEST, "RepoTags": None}]))]))
    assert image.names == ("sha256:f00",)


def test_the_oci_layout_with_packed_layers_one_of_them_twice() -> None:
    layout, packed = Layout(), gzip.compress(layer("a"))
    name = {"io.containerd.image.name": "docker.io/library/app:v1", "org.opencontainers.image.ref.name": "v1"}
    entry = layout.image(packed, layer("b"), packed, annotations=name)
    (image,) = read(layout.saved(entry))
    assert held(image) == [{"a"}, {"b"}, {"a"}]
    assert image.names == ("docker.io/library/app:v1",)
    assert image.config == {"os": "linux", "history": []}
    assert "blobs/" + entry["digest"].replace(":", "/") in image.members


def test_a_newer_engine_writes_both_and_the_image_counts_once() -> None:
    layout = Layout()
    first, second = layer("a"), layer("b")
    entry = layout.image(first, second)
    blobs = ["blobs/" + layout.blob(one)["digest"].replace(":", "/") for one in (first, second, first)]
    manifest = as_json([{"Config": "blobs/sha256/f00", "RepoTags": ["app:v1"], "Layers": blobs}])
    (image,) = read(layout.saved(entry, **{"manifest.json": manifest}))
    assert image.names == ("app:v1",) and held(image) == [{"a"}, {"b"}, {"a"}]


def test_of_an_index_within_the_index_only_what_was_saved_is_an_image() -> None:
    layout = Layout()
    ours = layout.image(layer("a"), platform={"os": "linux", "architecture": "amd64"})
    attestation = layout.image(b'{"predicate": {}}', platform={"os": "unknown", "architecture": "unknown"})
    absent = {"digest": "sha256:" + "0" * 64, "platform": {"os": "linux", "architecture": "arm64"}}
    named = {"org.opencontainers.image.ref.name": "app:v1"}
    nested = layout.blob(layout.index(ours, absent, attestation), f"{OCI}.index.v1+json", annotations=named)
    (image,) = read(layout.saved(nested))
    assert image.names == ("app:v1",) and held(image) == [{"a"}]


def test_an_empty_layer_is_empty_and_one_that_cannot_be_read_is_not() -> None:
    layout = Layout()
    (image,) = read(layout.saved(layout.image(layer(), gzip.compress(layer()), layer("{a"))))
    assert held(image) == [set(), set(), {"{a"}]
    for damaged in (b"\x28\xb5\x2f\xfd and more of zstd", zstd.compress(layer("a"))[:-20], b"\xff\xfe of no kind"):
        (image,) = read(layout.saved(layout.image(layer("a"), damaged)))
        assert [one.paths for one in image.layers] == [{"a"}, None]
        with pytest.raises(CommandError, match="Não consegui ler a imagem"):
            paths(image)


def test_each_member_is_shown_once_from_its_beginning() -> None:
    seen: list[tuple[str, int]] = []

    def look(name: str, file: IO[bytes]) -> None:
        seen.append((name, len(file.read())))

    content = tar([*CLASSIC, ("manifest.json", as_json([CLASSIC_MANIFEST]))])
    assert archive(io.BytesIO(content), look)[0].names
    assert seen[2] == ("aaa/layer.tar", len(layer("bin/sh", "etc/passwd")))
    assert [name for name, _ in seen] == [name for name, held in CLASSIC if isinstance(held, bytes)] + ["manifest.json"]


@pytest.mark.parametrize("length", [0, 700, -4000])
def test_an_archive_that_breaks_off_is_no_image(length: int) -> None:
    content = tar([("x", b"." * 5000), *CLASSIC, ("manifest.json", as_json([CLASSIC_MANIFEST]))])
    with pytest.raises(tarfile.TarError):
        read(content[: length if length >= 0 else len(content) // 2])


# The client ---------------------------------------------------------------------------------------


@pytest.fixture
def client(tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program `docker` that answers with a file, or with what an engine says of an image that it has not."""
    program, answer = tmp_path / "bin" / "docker", tmp_path / "saved.tar"
    program.parent.mkdir()
    program.write_text(
        f"#!/bin/sh\nif [ -e '{answer}' ]; then exec cat '{answer}'; fi\n"
        "echo 'Error response from daemon: reference does not exist' >&2\nexit 1\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    return answer


def test_an_image_that_the_engine_has_not_is_said_in_its_words(client: Path, settings: Settings) -> None:
    with pytest.raises(CommandError, match="Não consegui ler a imagem app:v1") as caught:
        image_layers.read(settings, ["app:v1"])
    assert "reference does not exist" in caught.value.observed


def test_a_save_that_breaks_off_is_no_answer(client: Path, settings: Settings) -> None:
    client.write_bytes(tar(CLASSIC)[:3000])
    with pytest.raises(CommandError, match="Não consegui ler a imagem app:v1"):
        image_layers.read(settings, ["app:v1"])


def test_who_looks_and_fails_leaves_no_client_waiting(client: Path, settings: Settings) -> None:
    client.write_bytes(tar([("x", b"." * 200_000), *CLASSIC]) * 4)  # more than a pipe holds

    def look(name: str, file: IO[bytes]) -> None:
        raise OSError(f"{name} is damaged")

    with pytest.raises(CommandError, match="Não consegui ler a imagem app:v1") as caught:
        image_layers.read(settings, ["app:v1"], look)
    assert "x is damaged" in caught.value.observed


def test_no_client_is_a_missing_program(tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingDependency, match="docker não está instalado"):
        image_layers.read(settings, ["app:v1"])


@pytest.mark.parametrize("packed", PACKED)
def test_a_secret_in_a_packed_layer_is_found_and_told_of_the_image(
    client: Path, settings: Settings, packed: str
) -> None:
    layout = Layout()
    inside = PACKED[packed](tar([("app/key", b"a canary of this test")]))
    entry = layout.image(layer("bin/sh"), inside, annotations={"org.opencontainers.image.ref.name": "app:v1"})
    client.write_bytes(layout.saved(entry))
    scan = Scan(settings, {"a canary of this test": "the canary"})
    assert held(scan.image("app:v1")) == [{"bin/sh"}, {"app/key"}]
    assert {(one.place, one.secret) for one in scan.report.findings} == {("imagem app:v1", "the canary")}
    assert scan.report.unread == []


@pytest.mark.parametrize("packed", PACKED)
@pytest.mark.parametrize("cut", [0, 9])
def test_a_secret_in_a_packed_file_is_found_also_where_the_file_breaks_off(
    settings: Settings, packed: str, cut: int
) -> None:
    """As a registry keeps a layer, and an upload that was broken off."""
    content = PACKED[packed](tar([("app/key", b"a canary of this test")]) + os.urandom(300_000))
    blob = settings.sandbox / "hub" / "docker" / "data"
    blob.parent.mkdir(parents=True)
    blob.write_bytes(content[: len(content) - cut])
    scan = Scan(settings, {"a canary of this test": "the canary"})
    scan.state_folder()
    assert {(one.place, one.secret) for one in scan.report.findings} == {(str(blob), "the canary")}
    assert scan.report.unread == []


def test_what_cannot_be_unpacked_is_named(settings: Settings, client: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Python without zstd, and a file that is not what it begins like."""
    blobs = {"zstd": zstd.compress(b"x"), "gzip": b"\x1f\x8b\x08 and nothing more", "plain": b"\x1f\x8b as it happens"}
    for name, content in blobs.items():
        path = settings.sandbox / "hub" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    monkeypatch.setattr(unpacking, "_ZSTD", None)
    scan = Scan(settings)
    scan.state_folder()
    told = {one.rpartition("/")[2] for one in scan.report.unread}
    assert told == {"zstd (compressão zstd)", "gzip (compactado, e não abre)"}
    layout = Layout()
    named = {"org.opencontainers.image.ref.name": "app:v1"}
    client.write_bytes(layout.saved(layout.image(layer("a"), zstd.compress(layer("b")), annotations=named)))
    assert [one.paths for one in scan.image("app:v1").layers] == [{"a"}, None]


def test_a_bomb_is_looked_at_as_far_as_it_goes_and_named(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("labs.secrecy.scan.CHUNK", 1 << 20)
    monkeypatch.setattr("labs.secrecy.scan.MOST_UNPACKED", 3 << 20)
    path = settings.sandbox / "hub" / "bomb"
    path.parent.mkdir(parents=True)
    path.write_bytes(zstd.compress(bytes(50 << 20)))
    scan = Scan(settings)
    scan.state_folder()
    assert scan.report.bytes < 8 << 20
    assert len(scan.report.unread) == 1 and "só os primeiros" in scan.report.unread[0]
