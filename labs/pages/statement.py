"""What a certificate states, signed: the page is drawn from it alone, so that any lab can verify both.

What is signed are the very bytes that stand in the page: JSON with sorted keys and no spaces, in UTF-8, where HTML's
own characters are escaped. The key is the lab's. A signature tells that nothing changed since that lab issued it, and
not who sat there: whoever has the computer has its key. A class states what its learners' labs did anew, by its own
key (`labs/classroom/board/certificates.py`).
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from labs.base.documents import Damaged, Typed, decode
from labs.base.errors import LabError
from labs.base.files import lasting_key
from labs.base.settings import Settings
from labs.base.version import version
from labs.course.catalog import Course
from labs.pages import render

LARGEST = 4_000_000
"""Bytes of a file that is looked at; a certificate of the whole course has a fiftieth of that."""
OPENS, CLOSES = '<script type="application/json" id="assinado">', "</script>"
"""Around what is signed."""
DIGITS = 20
"""Hexadecimal digits of a fingerprint: 80 bits can be read aloud, and no other key is found that has the same."""
ASK_AGAIN = "peça o `certificado.html` de novo, como anexo: o papel e o PDF não trazem a assinatura"
Moment = Annotated[datetime, msgspec.Meta(tz=True)]
TOLD_ABOVE = "vale o texto acima, que é o assinado"


class Proof(Typed, frozen=True):
    """A step, as the page tells it. `at`: when it was first proven, where that was recorded."""

    id: str
    title: str
    observed: str
    evidence: tuple[tuple[str, str], ...]
    at: Moment | None


class Proven(Typed, frozen=True):
    """A lesson, as the page tells it. `time`: how long it took, in words."""

    id: str
    title: str
    time: str
    proofs: tuple[Proof, ...]


class Statement(Typed, frozen=True):
    """All that the page says. Times have the issuing lab's offset, and the page shows them so everywhere.

    Attributes:
        version: the course's.
        drawn_by: digest of what draws the page (`drawn_by`); where it is another, pages cannot be compared.
        name: as the learner gave it; may be empty.
        by: the class that vouches for it, by its address; empty where the lab alone does. Anybody can write this, so it
            counts with that class's fingerprint alone.
        hours: what the lessons are estimated at, in words.
        not_asked: what the certificate does not ask for, a sentence each.
    """

    version: str
    drawn_by: str
    name: str
    by: str
    account: str
    issued: Moment
    hours: str
    not_asked: tuple[str, ...]
    lessons: tuple[Proven, ...]

    @property
    def count(self) -> int:
        """How many steps are proven."""
        return sum(len(lesson.proofs) for lesson in self.lessons)

    def lacks(self, course: Course) -> list[str]:
        """Paths of the steps that the course asks for and this does not have."""
        proven = {(lesson.id, proof.id) for lesson in self.lessons for proof in lesson.proofs}
        wanted = [(lesson.id, step.id) for lesson in course.lessons for step in lesson.demanded]
        return [f"{lesson}/{step}" for lesson, step in wanted if (lesson, step) not in proven]


class Signed(Typed, frozen=True):
    """A statement in the bytes that were signed, with the public key and the signature."""

    key: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}\Z")]
    signature: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{128}\Z")]
    statement: msgspec.Raw

    @property
    def fingerprint(self) -> str:
        """That of the public key."""
        return fingerprint(bytes.fromhex(self.key))

    def holds(self) -> bool:
        """Whether the signature is this key's, of these bytes."""
        try:
            key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(self.key))
            key.verify(bytes.fromhex(self.signature), bytes(self.statement))
        except (InvalidSignature, ValueError):
            return False
        return True


def fingerprint(key: bytes) -> str:
    """What people compare of a public key: the first digits of its SHA-256, in groups."""
    return _grouped(hashlib.sha256(key).hexdigest()[:DIGITS])


def own_fingerprint(settings: Settings) -> str:
    """That of this lab's key, which is made where there is none.

    Raises:
        StateError: the key is damaged, or cannot be read or written.
    """
    return kept_fingerprint(settings.certificate_key_file)


def kept_fingerprint(key_file: Path) -> str:
    """That of the key in this file, which is made where there is none.

    Raises:
        StateError: the key is damaged, or cannot be read or written.
    """
    return fingerprint(_key(key_file).public_key().public_bytes_raw())


def sign(statement: Statement, key_file: Path) -> Signed:
    """The statement, signed by the key in this file, which is made where there is none.

    Raises:
        StateError: the key is damaged, or cannot be read or written.
    """
    content = msgspec.json.encode(statement, order="sorted")
    for character in b"<>&":  # they stand in JSON's texts alone, and would end the page's block or look like HTML
        content = content.replace(bytes([character]), b"\\u%04x" % character)
    key = _key(key_file)
    return Signed(key.public_key().public_bytes_raw().hex(), key.sign(content).hex(), msgspec.Raw(content))


def _key(file: Path) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(lasting_key(file)))


def page(signed: Signed) -> str:
    """The page of a signed statement; nothing else goes into it.

    Raises:
        Damaged: the statement is not one that this version writes.
    """
    return render.certificate(
        statement=decode(bytes(signed.statement), Statement),
        moment=moment,
        fingerprint=signed.fingerprint,
        signed=msgspec.json.encode(signed).decode(),
    )


def drawn_by() -> str:
    """Digest of what a page's form depends on, for two labs to know whether they would draw the same one."""
    sources = (render.FOLDER / "certificate.html", Path(__file__))
    return hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()


def moment(time: datetime) -> str:
    """A date and time as people write them in Brazil."""
    return f"{time:%d/%m/%Y} às {time:%H:%M}"


# Verifying ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Certificate:
    """A file whose signature holds: what it states, and its text."""

    signed: Signed
    statement: Statement
    text: str

    @classmethod
    def open(cls, path: Path) -> Certificate:
        """Read one and verify its signature; no lab is asked.

        Raises:
            LabError: it cannot be read, is no certificate, was altered, or is of a version with other contents.
        """
        return cls.read(_text(path), str(path))

    @classmethod
    def read(cls, text: str, where: str) -> Certificate:
        """The same of a page's text; `where` it is from, as an error says it.

        Raises:
            LabError: it is no certificate, was altered, or is of a version with other contents.
        """
        signed = _block(text, where)
        if not signed.holds():
            raise LabError(
                "O certificado foi alterado depois de assinado.",
                "a assinatura não confere com o que está escrito",
                "peça o arquivo de novo, e compare a impressão digital da chave",
            )
        try:
            return cls(signed, decode(bytes(signed.statement), Statement), text)
        except Damaged as error:
            raise LabError(
                "A assinatura confere, e este laboratório não sabe ler o que ela assina: é de outra versão do curso.",
                str(error),
                "confira com a versão que emitiu o certificado; a deste laboratório: python3 -m labs --version",
            ) from error

    def told(self) -> list[str]:
        """What was signed, in lines for a terminal: no character of it moves the cursor."""
        stated = self.statement
        lines = [
            f"Nome: {stated.name or '(sem nome)'}",
            *([f"Conferido pela turma: {stated.by}"] if stated.by else []),
            f"Conta no laboratório: {stated.account}",
            f"Emitido em {moment(stated.issued)} ({stated.issued.tzname()})",
            f"Curso: versão {stated.version}",
            f"Passos comprovados: {stated.count}",
            *(
                f"  {lesson.id}/{proof.id}  {label}: {value}"
                for lesson in stated.lessons
                for proof in lesson.proofs
                for label, value in proof.evidence
                if value.startswith("sha256:")
            ),
            *stated.not_asked,
            f"Impressão digital da chave: {self.signed.fingerprint}",
        ]
        return ["".join(one if one.isprintable() else "?" for one in line) for line in lines]

    def require_key(self, wanted: str) -> None:
        """Compare with the fingerprint of a lab.

        Raises:
            LabError: it is another lab's.
        """
        if self.signed.fingerprint != wanted:
            raise LabError(
                "O certificado é de outro laboratório: a impressão digital da chave não é a esperada.",
                f"esperada {wanted}, e veio {self.signed.fingerprint}",
                "compare com a que a pessoa ou a turma anotou; `python3 -m labs reset` no laboratório dela faz outra",
            )

    def require_page(self) -> None:
        """Compare what the file shows, byte for byte, with what its statement gives.

        Raises:
            LabError: it shows something else, or another version of the course drew it.
        """
        stated = self.statement
        if page(self.signed) == self.text:
            return
        if (stated.version, stated.drawn_by) != (version(), drawn_by()):
            raise LabError(
                "A assinatura confere, e a página não pôde ser comparada: outra versão do curso a desenhou.",
                f"versão {stated.version}; a deste laboratório é {version()}",
                f"{TOLD_ABOVE}; para comparar a página, confira com a versão que a emitiu",
            )
        raise LabError(
            "A página foi alterada: não é a que foi assinada.",
            "a assinatura confere, e a página que ela dá é outra",
            f"{TOLD_ABOVE}; peça o arquivo de novo",
        )


def fingerprint_of(typed: str) -> str:
    """A fingerprint as somebody typed it, in capitals or with spaces, in its own form.

    Raises:
        LabError: it is none.
    """
    digits = re.sub(r"[\s:-]", "", typed).lower()
    if not re.fullmatch(f"[0-9a-f]{{{DIGITS}}}", digits):
        raise LabError(
            "Isto não é a impressão digital de uma chave.",
            f"{typed}, e ela tem {DIGITS} dígitos, de 0 a 9 e de a até f",
            "python3 -m labs certificate --key",
        )
    return _grouped(digits)


def _grouped(digits: str) -> str:
    return "-".join(re.findall("....", digits))


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
    except OSError as error:
        raise LabError("Não consegui ler o certificado.", f"{path}: {error.strerror}", f"ls -l '{path}'") from error
    if len(content) > LARGEST:
        raise _no_certificate(str(path), "tem mais de 4 MB")
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise _no_certificate(str(path), "não é texto em UTF-8") from error


def _block(text: str, where: str) -> Signed:
    _, _, rest = text.partition(OPENS)  # no pattern: on a hostile page one would look for the end from each beginning
    content, closed, _ = rest.partition(CLOSES)
    if not closed:
        raise _no_certificate(where, "não há nele a parte assinada")
    try:
        return decode(content.encode(), Signed)
    except Damaged as error:
        raise _no_certificate(where, "a parte assinada está danificada") from error


def _no_certificate(where: str, observed: str) -> LabError:
    return LabError("Este arquivo não é um certificado inteiro deste curso.", f"{where}: {observed}", ASK_AGAIN)
