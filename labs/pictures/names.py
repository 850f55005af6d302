"""All names of one image, and the local namespace beside the remote one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from labs.base.text import plural, short
from labs.pictures.drawing import WIDTH, Drawing, fit
from labs.pictures.markup import table
from labs.pictures.picture import Picture, drawn


@dataclass(frozen=True)
class ImageName:
    """A local name of the image, and what the registry that it points to holds under it.

    Attributes:
        remote: "" where the name has no address of a lab's registry, else the name of that registry.
        digest: what the registry holds under this name now; "" for nothing.
        same: whether that is this image.
    """

    name: str
    remote: str = ""
    digest: str = ""
    same: bool = False

    @property
    def words(self) -> str:
        if not self.remote:
            return "só no seu engine"
        if not self.digest:
            return f"ainda não está no {self.remote}"
        return f"a mesma imagem está no {self.remote}" if self.same else f"no {self.remote} este nome é outra imagem"


def names(image_id: str, given: Sequence[ImageName]) -> Picture:
    """All names of one image in the engine, and beside each what its registry has."""
    head = f"Imagem {short(image_id)}: {plural(len(given), 'nome', 'nomes')}"
    lines = [head, *(f"  {one.name} · {one.words}" for one in given)]
    rows = [(one.name, one.words, short(one.digest) or "—") for one in given]
    facts = table(head, ("Nome no seu engine", "No registry", "Digest lá"), rows)
    return drawn("Nomes de uma imagem", "\n".join(lines), _draw(image_id, given), facts, said=head)


ROW = 46.0


def _draw(image_id: str, given: Sequence[ImageName]) -> Drawing:
    drawing = Drawing()
    height = max(ROW * len(given), 110)
    drawing.box(4, 4, 486, height + 60, "plain")
    drawing.text(18, 30, "No seu engine", size=15, bold=True)
    drawing.box(506, 4, WIDTH - 510, height + 60, "plain")
    drawing.text(520, 30, "No registry", size=15, bold=True)
    middle = 50 + height / 2
    drawing.box(14, middle - 44, 112, 88, "teal", thick=True)
    drawing.text(70, middle - 18, "uma imagem", size=13, bold=True, anchor="middle")
    drawing.text(70, middle + 4, "um id", size=13, anchor="middle")
    drawing.text(70, middle + 26, short(image_id).removeprefix("sha256:"), size=12, mono=True, anchor="middle")
    for index, one in enumerate(given):
        y = 50 + height / 2 - ROW * len(given) / 2 + ROW * (index + 0.5)
        drawing.line([(150, y), (138, y), (138, middle), (127, middle)], "teal")
        # A one with a hole, as on a parcel.
        drawing.shape(f"M150 {y} L162 {y - 16} H480 V{y + 16} H162 Z", "amber", bottom=y + 16)
        drawing.circle(166, y, 3.5)
        drawing.text(176, y + 5, fit(one.name, 300, 12.5, mono=True, both=True), size=12.5, mono=True)
        _remote(drawing, one, y)
    return drawing


def _remote(drawing: Drawing, one: ImageName, y: float) -> None:
    if not one.remote:
        drawing.text(520, y + 4, one.words, size=12, ink="mute")
        return
    drawing.line([(480, y), (518, y)], "ink" if one.digest else "mute", dashed=not one.digest, arrow=bool(one.digest))
    tone = "plain" if not one.digest else "green" if one.same else "red"
    drawing.box(520, y - 18, WIDTH - 536, 36, tone, dashed=not one.digest)  # type: ignore[arg-type]
    sign = "○ ainda não está lá" if not one.digest else "✓ a mesma imagem" if one.same else "✗ outra imagem"
    drawing.text(530, y - 3, one.remote, size=12, ink="mute")
    drawing.text(530, y + 12, sign, size=13, bold=True)
