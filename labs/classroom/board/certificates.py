"""The certificates of a class: a few labs prove at a time, and what each one showed is stated anew by the class's key.

What a lab answers is decided by whoever is root in it. The class's signature says that this lab showed these proofs at
this time, and not that they are true (docs/trust.md).
"""

from __future__ import annotations

import asyncio
import csv
import hashlib
import io
import zipfile
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from labs.base.errors import LabError
from labs.classroom.board.learners import Answer
from labs.classroom.board.requests import Refused
from labs.classroom.board.rows import cell, plain
from labs.course.catalog import Course
from labs.pages import statement
from labs.pages.statement import Certificate, Statement

AT_ONCE = 2
"""Labs that prove at the same time: each takes a core for about a minute, and a class of thirty may have two."""
AGAIN = "peça o certificado de novo no painel"


@dataclass(frozen=True)
class Result:
    """What came of one learner: the page, or why there is none.

    Attributes:
        marks: of the lab that showed the proofs, which no two labs share.
    """

    page: str = ""
    why: str = ""
    marks: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Voucher:
    """What the class signs, and as whom.

    Attributes:
        by: the class, as its pages say it.
        course: whose steps a statement must have.
    """

    key_file: Path
    by: str
    course: Course

    def key_words(self) -> str:
        """The key's fingerprint to write down, or why there is none."""
        try:
            return f"Anote esta impressão digital, que vale para todos: {statement.kept_fingerprint(self.key_file)}"
        except LabError as error:
            return str(error)

    def vouched(self, page: str, name: str) -> str:
        """A lab's page of this learner, verified and stated anew by the class, with the time of its proofs.

        Raises:
            LabError: it is no whole certificate, or none of this learner with all steps; or the key is damaged.
        """
        found = Certificate.read(page, f"laboratório de {name}")
        found.require_page()
        self._require(found.statement, name)
        made = msgspec.structs.replace(found.statement, by=self.by)
        return statement.page(statement.sign(made, self.key_file))

    @staticmethod
    def marks(page: str) -> frozenset[str]:
        """What a lab's page has of its lab alone: the key that signed it, and the proofs, with digests and times.

        Raises:
            LabError: it is no certificate.
        """
        found = Certificate.read(page, "laboratório")
        proofs = hashlib.sha256(msgspec.json.encode(found.statement.lessons)).hexdigest()
        return frozenset((found.signed.fingerprint, proofs))

    def _require(self, stated: Statement, name: str) -> None:
        if stated.name != name:
            raise LabError("O certificado é de outra pessoa.", f"esperado {name}, e veio {stated.name}", AGAIN)
        if stated.issued > datetime.now(UTC):
            emitted = f"emitido em {statement.moment(stated.issued)}"
            raise LabError("O certificado tem uma data que ainda não chegou.", emitted, AGAIN)
        if missing := stated.lacks(self.course):
            raise LabError("O certificado não tem todos os passos que o curso pede.", ", ".join(missing), AGAIN)


class Certificates:
    """Who was asked, and what came of it: kept until asked anew, whatever page looks."""

    def __init__(
        self,
        names: Callable[[], Sequence[str]],
        voucher: Voucher,
        prove: Callable[[str], Awaitable[Answer]],
        at_once: int = AT_ONCE,
    ) -> None:
        """`names`: the class's own list, as it is now; `prove`: has a learner's lab prove all, and raises OSError."""
        self.voucher, self.names = voucher, names
        self._prove = prove
        self._turns = asyncio.Semaphore(at_once)
        self._asked: dict[str, asyncio.Task[None]] = {}
        self._proving: set[str] = set()
        self._results: dict[str, Result] = {}

    def order(self, names: Sequence[str]) -> None:
        """Ask these learners' labs, or everybody's where none is named; who is asked already is not asked twice.

        Raises:
            LabError: a name is not on the class's list; nobody was asked.
        """
        known = self.names()
        if strangers := sorted(set(names) - set(known)):
            raise LabError("Há um nome que não é da turma.", ", ".join(strangers), "python3 -m labs class codes")
        for name in names or known:
            if name not in self._asked:
                self._asked[name] = asyncio.create_task(self._answered(name))

    def state(self) -> dict[str, Any]:
        """For the page: who proves `now`, how many are `left` with them, and in `rows` what came of the others."""
        ended = sorted((name, one) for name, one in self._results.items() if name not in self._asked)
        rows = [{"name": name, "made": bool(one.page), "why": self._remark(name, one)} for name, one in ended]
        return {"now": sorted(self._proving), "left": len(self._asked), "rows": rows}

    def _remark(self, name: str, result: Result) -> str:
        """Why there is no page, or what there is to say of one."""
        others = self._results.items()
        twins = sorted(other for other, one in others if other != name and one.marks & result.marks)
        if not twins:
            return result.why
        return f"as provas ou a chave são as mesmas do laboratório de {', '.join(twins)}: converse com essas pessoas"

    def archive(self) -> bytes:
        """A ZIP with a page for each who has one, and `resumo.csv`, which says why the others have none, and whose page
        shows what another's shows.
        """
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
            packed.writestr("resumo.csv", "\ufeff" + self._summary())
            for name, one in sorted(self._results.items()):
                if one.page:
                    packed.writestr(f"{name}.html", one.page)
        return out.getvalue()

    def _summary(self) -> str:
        out = io.StringIO()
        table = csv.writer(out, delimiter=";", quoting=csv.QUOTE_ALL)  # as learners.as_csv
        table.writerow(["nome", "certificado", "observação"])
        pending = dict.fromkeys(self._asked, Result(why="pedido, e ainda sem resposta"))
        known = {**self._results, **pending, **{name: one for name, one in self._results.items() if one.page}}
        for name, one in sorted(known.items()):
            table.writerow([name, f"{name}.html" if one.page else "", cell(self._remark(name, one))])
        return out.getvalue()

    async def _answered(self, name: str) -> None:
        try:
            async with self._turns:
                self._proving.add(name)
                found = await self._result(name)
                if found.page or not self._results.get(name, found).page:  # a page that was made stays
                    self._results[name] = found
        finally:
            self._proving.discard(name)
            del self._asked[name]

    async def _result(self, name: str) -> Result:
        try:
            answer = await self._prove(name)
            if not answer.done:
                return Result(why=plain(answer.said) or "o laboratório não disse por quê")
            return Result(self.voucher.vouched(answer.page, name), marks=self.voucher.marks(answer.page))
        except Refused:
            return Result(why="O laboratório está fechado, ou nunca foi aberto. Peça que a pessoa o abra.")
        except OSError as error:
            return Result(why=plain(f"O laboratório não responde: {error}. Peça que a pessoa o abra de novo."))
        except LabError as error:
            return Result(why=plain(str(error)))
        except Exception as error:  # noqa: BLE001 - the last resort: what one lab answers ends nobody else's order
            return Result(
                why=plain(f"O painel não entendeu a resposta do laboratório: {type(error).__name__}: {error}")
            )


def class_name(address: str) -> str:
    """What a page calls the class: its address, as learners know it, without what makes it a link."""
    return address.partition("://")[2].strip("/") or address
