"""What images hold, read from `docker save`, as anybody with the image can.

The one reader of such archives: of the classic layout (Docker Image Specification v1.2, `manifest.json`) and of the OCI
image layout (`index.json` and `blobs`), with layers compressed or not. It reads a stream once, from front to back, and
keeps nothing of it but the layers' lists of files. Runs on the standard library, but for zstd before Python 3.14.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tarfile
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import IO, TYPE_CHECKING, Any

from labs.base.errors import CommandError
from labs.base.explain import explain
from labs.base.settings import Settings
from labs.base.unpacking import ERRORS, UnknownCompressionError, unpacked
from labs.seams.docker_client import saving

if TYPE_CHECKING:  # the search for secrets reads images without the SDKs of World
    from labs.seams.world import World

CHUNK = 4 << 20
IN_MEMORY = 8 << 20
"""Bytes of a member that are read without a file."""
DOCUMENT = 4 << 20
"""Bytes up to which a member may be a manifest or configuration (registries accept 4 MiB of manifest)."""
NAMES = ("io.containerd.image.name", "org.opencontainers.image.ref.name")
"""Annotations of an OCI index that name an image."""

Look = Callable[[str, IO[bytes]], None]
"""Is shown each member once: its name, and its content from the beginning."""
_NOT_READ: tuple[type[Exception], ...] = (
    *(tarfile.TarError, ValueError, KeyError, TypeError, UnknownCompressionError),
    *ERRORS,
)
"""What reading an archive raises, or whoever looks at what is in it."""


@dataclass(frozen=True)
class Layer:
    """One layer of an image. `member` is its name in the archive.

    Attributes:
        paths: its entries; a deletion is the path's own entry with `.wh.` before the last name (OCI image layer
            specification, "Whiteouts"). None where it cannot be read here: damaged, or of an unknown compression.
    """

    member: str
    paths: frozenset[str] | None


@dataclass(frozen=True)
class SavedImage:
    """One image of an archive.

    Attributes:
        names: its tags; its id where it has none.
        config: its configuration, with the history.
        layers: oldest first.
        members: names of all that is the image's in the archive.
    """

    names: tuple[str, ...]
    config: Mapping[str, Any]
    layers: tuple[Layer, ...]
    members: frozenset[str]


def files(world: World, reference: str) -> tuple[frozenset[str], ...]:
    """Paths in each layer, oldest layer first.

    Raises:
        CommandError: the engine has no such image, or a layer cannot be read.
        MissingDependency: there is no docker client.
    """
    return paths(read(world.settings, [reference])[0])


def paths(image: SavedImage) -> tuple[frozenset[str], ...]:
    """Paths in each layer of an image that was read, oldest layer first.

    Raises:
        CommandError: a layer cannot be read: nobody may say what is not in it.
    """
    for layer in image.layers:
        if layer.paths is None:
            raise _unreadable(image.names, f"{layer.member}: compressão desconhecida")
    return tuple(layer.paths for layer in image.layers if layer.paths is not None)


def read(settings: Settings, references: Sequence[str], look: Look | None = None) -> tuple[SavedImage, ...]:
    """The images of these names as the lab's engine saves them: one archive, in which a shared layer stands once.

    Raises:
        CommandError: the engine has no such image, or the archive broke off.
        MissingDependency: there is no docker client.
    """
    broken = ""
    images: tuple[SavedImage, ...] = ()
    with saving(settings, references) as (stream, told):
        try:
            images = archive(stream, look)
        except _NOT_READ as error:
            broken = str(error)
            stream.close()  # the client would wait for ever for somebody who reads
        said = told.read().decode("utf-8", "replace")
    if broken or not images:
        raise _unreadable(references, said or broken)
    return images


def archive(stream: IO[bytes], look: Look | None = None) -> tuple[SavedImage, ...]:
    """The images of an archive, in its own order; none where it holds none.

    Raises:
        tarfile.TarError, OSError: it broke off, or is no archive.
        ValueError, KeyError, TypeError: its manifest makes no sense.
    """
    found = _Members()
    with tarfile.open(fileobj=stream, mode="r|") as members:
        for member in members:
            if member.issym():  # a layer that stands in the archive already (engines before 25)
                beside = os.path.join(os.path.dirname(member.name), member.linkname)
                found.links[member.name] = os.path.normpath(beside)
            elif member.islnk():
                found.links[member.name] = os.path.normpath(member.linkname)
            elif member.isreg() and (content := members.extractfile(member)):
                with tempfile.SpooledTemporaryFile(IN_MEMORY) as file:
                    shutil.copyfileobj(content, file, CHUNK)
                    found.take(member.name, member.size, file, look)
    while stream.read(CHUNK):  # the padding: the client must not meet a closed pipe
        pass
    return tuple(found.images())


@dataclass
class _Members:
    """What is kept of an archive: lists of the layers' files, documents, and links between members."""

    layers: dict[str, frozenset[str]] = field(default_factory=dict)
    documents: dict[str, Any] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)

    def take(self, name: str, size: int, file: Any, look: Look | None) -> None:
        file.seek(0)
        if look:
            look(name, file)
            file.seek(0)
        if size <= DOCUMENT and file.read(1) in (b"{", b"["):
            file.seek(0)
            with contextlib.suppress(ValueError, RecursionError):  # a file that only begins like one
                self.documents[name] = json.load(file)
                return
        file.seek(0)
        # Neither: no layer, or one that cannot be read.
        with contextlib.suppress(tarfile.TarError, UnknownCompressionError, *ERRORS):
            self.layers[name] = _paths(unpacked(file) or file)

    def images(self) -> Iterator[SavedImage]:
        if "manifest.json" in self.documents:  # newer engines write both
            for entry in self.documents["manifest.json"]:
                names = entry.get("RepoTags") or ["sha256:" + PurePosixPath(entry["Config"]).stem]
                yield self._image(names, entry["Config"], entry["Layers"])
        elif "index.json" in self.documents:
            yield from self._of_index(self.documents["index.json"], ())

    def _of_index(self, index: Mapping[str, Any], names: Sequence[str]) -> Iterator[SavedImage]:
        """Images of an OCI index, the nested ones too; platforms that were not saved, and what only attests to an image
        (BuildKit's, of the platform `unknown`), are left out (OCI image index specification).
        """
        for entry in index["manifests"]:
            document = self.documents.get(_blob(entry))
            if document is None or (entry.get("platform") or {}).get("os") == "unknown":
                continue
            told = entry.get("annotations") or {}
            named = [told[key] for key in NAMES if told.get(key)][:1] or names
            if "manifests" in document:
                yield from self._of_index(document, named)
            elif "layers" in document:
                config = _blob(document["config"])
                image = self._image(named or [document["config"]["digest"]], config, map(_blob, document["layers"]))
                yield SavedImage(image.names, image.config, image.layers, image.members | {_blob(entry)})

    def _image(self, names: Sequence[str], config: str, members: Any) -> SavedImage:
        written = [config, *members]
        real = [self.links.get(member, member) for member in written]
        # Older engines keep each layer's part of the history beside it: ID/layer.tar, ID/json.
        beside = [str(PurePosixPath(member).with_name("json")) for member in written]
        layers = tuple(Layer(member, self.layers.get(member)) for member in real[1:])
        content = self.documents.get(real[0], {})
        return SavedImage(tuple(names), content, layers, frozenset([*written, *real, *beside]))


def _paths(file: IO[bytes]) -> frozenset[str]:
    with tarfile.open(fileobj=file, mode="r|") as layer:
        return frozenset(entry.name.removeprefix("./") for entry in layer)


def _blob(descriptor: Mapping[str, Any]) -> str:
    """Where a layout keeps what a descriptor means (OCI image layout specification, "Blobs")."""
    return "blobs/" + str(descriptor["digest"]).replace(":", "/", 1)


def _unreadable(references: Sequence[str], observed: str) -> CommandError:
    what = explain(observed).after(f"Não consegui ler a imagem {', '.join(references)}.")
    return CommandError(what, observed, "docker image ls")
