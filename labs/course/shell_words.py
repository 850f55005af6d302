"""A line of shell taken apart, once: its simple commands, and where it can be cut without a shell noticing.

The quoting rules are those of the POSIX shell (pubs.opengroup.org/onlinepubs/9699919799/utilities/V3_chap02.html, 2.2
"Quoting", 2.3 "Token Recognition") and bash's additions that a lesson may use (`$'…'`, `<<<`, `&>`). What only a
running shell can answer (`$(…)`, a pattern, `$?`) is marked, never guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from string import Template

_OPERATOR = re.compile(r"&&|\|\||\|&|;;|\d*(?:<<<|<<-?|<>|<&|>>|>\||>&|>|<)|&>>?|[;&|()\n]")
_BLANK = re.compile(r"[ \t]+|\\\n|#[^\n]*")
_PLAIN = re.compile(r"[^\s;&|()<>'\"\\$`]+")
_VARIABLE = re.compile(r"\$(?:([A-Za-z_][A-Za-z_0-9]*)|\{([A-Za-z_][A-Za-z_0-9]*)\})")
_ONLY_A_SHELL = re.compile(r"\$(?:\(\((?:[^()]|\([^()]*\))*\)\)|'(?:\\.|[^'\\])*'|\{[^}]*\}|[0-9?!#@*$-])")
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*\+?=")
_PATTERN = frozenset("*?{")  # `[` is left out: names a query's index and an address far more often than files
_CHANGES_ITS_SHELL = (
    *("cd", "pushd", "popd", "export", "unset", "set", "shopt", "umask", "source", ".", "eval", "exec", "trap"),
    *("alias", "read", "declare", "[[", "{", "if", "for", "while", "until", "case", "function"),
)
"""First words after which the rest of a line needs the very same shell."""


class UnreadableError(ValueError):
    """The text is no whole line of shell; says what is missing, in Portuguese."""


@dataclass(frozen=True)
class Word:
    """One word, quotes removed.

    Attributes:
        text: as a `string.Template`: `${NAME}` is a variable, `$$` a literal dollar.
        needs_shell: it holds what only a shell can expand.
        inside: the simple commands of its `$(…)`.
    """

    text: str
    needs_shell: bool = False
    inside: tuple[Simple, ...] = ()

    @property
    def substituted(self) -> str:
        """What stands in the `$(…)` that is the whole word; empty where it is none."""
        text = self.text.replace("$$", "$")
        return text[2:-1] if self.inside and text.startswith("$(") and text.endswith(")") else ""

    def resolved(self, variables: Mapping[str, str]) -> str | None:
        """The word as the program sees it; None where only a shell can tell."""
        if self.needs_shell:
            return None
        try:
            return Template(self.text).substitute(variables)
        except (KeyError, ValueError):
            return None


@dataclass(frozen=True)
class Simple:
    """A program and its words. `redirects`: operator and file, in order; `assignments`: the `NAME=value` before it."""

    words: tuple[Word, ...]
    redirects: tuple[tuple[str, Word], ...] = ()
    assignments: tuple[Word, ...] = ()


@dataclass(frozen=True)
class Stretch:
    """What stands between two `&&` of a line.

    Attributes:
        text: as written, for a shell.
        commands: all its simple commands, those of groups and of `$(…)` too, in the order of reading.
        needs_shell: it is more than a pipeline of plain words.
        substitutes: it would be one, but for words that are a `$(…)` each.
    """

    text: str
    commands: tuple[Simple, ...]
    needs_shell: bool
    substitutes: bool = False


@dataclass(frozen=True)
class _Operator:
    text: str
    start: int
    end: int
    depth: int


_Token = Word | _Operator


def stretches(text: str) -> tuple[Stretch, ...]:
    """Cut a line at its outer `&&`. What any other way of going on holds together (`;`, `||`, `&`, a new line, a
    `cd`) stays one stretch.

    Raises:
        UnreadableError: a quote, a parenthesis or a `$(` is never closed.
    """
    tokens = _Reader(text).tokens()
    cuts = [one for one in tokens if isinstance(one, _Operator) and one.text == "&&" and not one.depth]
    pieces = list(_split(tokens, cuts))
    if not _may_be_cut(tokens, pieces):
        return (_stretch(text, tokens),)
    starts, ends = [0, *(cut.end for cut in cuts)], [*(cut.start for cut in cuts), len(text)]
    return tuple(_stretch(text[a:b], piece) for a, b, piece in zip(starts, ends, pieces, strict=True))


def _split(tokens: Sequence[_Token], at: Sequence[_Operator]) -> Iterator[list[_Token]]:
    piece: list[_Token] = []
    for token in tokens:
        if any(token is cut for cut in at):
            yield piece
            piece = []
        else:
            piece.append(token)
    yield piece


def _may_be_cut(tokens: Sequence[_Token], pieces: Sequence[Sequence[_Token]]) -> bool:
    outer = {one.text for one in tokens if isinstance(one, _Operator) and not one.depth}
    return outer.isdisjoint(("||", ";", ";;", "&", "\n")) and all(_leaves_its_shell_alone(piece) for piece in pieces)


def _leaves_its_shell_alone(piece: Sequence[_Token]) -> bool:
    if not piece or isinstance(piece[0], _Operator):
        return bool(piece) and _is(piece[0], "(")  # a group has a shell of its own
    first = next(_simple(piece))
    return bool(first.words) and first.words[0].text not in _CHANGES_ITS_SHELL


def _stretch(text: str, tokens: Sequence[_Token]) -> Stretch:
    outer = tuple(_simple(tokens))
    grouped = any(isinstance(one, _Operator) and one.text != "|" and not _redirects(one) for one in tokens)
    words = [word for one in outer for word in (*one.words, *(file for _, file in one.redirects)) if word.needs_shell]
    assigned = any(one.assignments for one in outer)
    substitutes = bool(words) and not (grouped or assigned) and all(word.substituted for word in words)
    return Stretch(text.strip(), tuple(_with_inner(outer)), bool(grouped or assigned or words), substitutes)


def _with_inner(commands: Sequence[Simple]) -> Iterator[Simple]:
    for one in commands:
        for word in (*one.assignments, *one.words, *(file for _, file in one.redirects)):
            yield from word.inside
        if one.words:
            yield one


def _is(token: _Token, operator: str) -> bool:
    return isinstance(token, _Operator) and token.text == operator


def _redirects(operator: _Operator) -> bool:
    return "<" in operator.text or ">" in operator.text


def _simple(tokens: Sequence[_Token]) -> Iterator[Simple]:
    """The simple commands of a run of tokens, in order."""
    words: list[Word] = []
    redirects: list[tuple[str, Word]] = []
    waiting = ""
    for token in (*tokens, _Operator("\n", 0, 0, 0)):
        if isinstance(token, Word):
            if waiting:
                redirects.append((waiting, token))
            else:
                words.append(token)
            waiting = ""
        elif _redirects(token):
            waiting = token.text
        else:
            if words or redirects:
                first = next((at for at, word in enumerate(words) if not _ASSIGNMENT.match(word.text)), len(words))
                yield Simple(tuple(words[first:]), tuple(redirects), tuple(words[:first]))
            words, redirects, waiting = [], [], ""


class _Reader:
    """Reads tokens from the left; `at` is where."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def tokens(self, closing: str = "") -> list[_Token]:
        """Up to the end, or past the parenthesis that closes a `$(`."""
        found: list[_Token] = []
        depth, bodies = 0, list[str]()
        while self._skip_blank():
            operator = _OPERATOR.match(self.text, self.at)
            if not operator:
                word = self._word()
                if found and isinstance(found[-1], _Operator) and found[-1].text.lstrip("0123456789") in ("<<", "<<-"):
                    bodies.append(word.text)
                found.append(word)
                continue
            self.at = operator.end()
            if operator[0] == ")":
                if not depth and closing:
                    return found
                depth = max(0, depth - 1)
            found.append(_Operator(operator[0], operator.start(), operator.end(), depth))
            depth += operator[0] == "("
            if operator[0] == "\n" and bodies:
                self._skip_here_documents(bodies)
        if depth or closing:
            raise UnreadableError("falta fechar um parêntese: )")
        return found

    def _skip_blank(self) -> bool:
        """Past blanks, joined lines and comments; whether anything is left."""
        while found := _BLANK.match(self.text, self.at):
            self.at = found.end()
        return self.at < len(self.text)

    def _skip_here_documents(self, ends: list[str]) -> None:
        for end in ends:
            found = re.compile(rf"^\t*{re.escape(end)}$", re.MULTILINE).search(self.text, self.at)
            self.at = found.end() if found else len(self.text)
        ends.clear()

    def _word(self) -> Word:
        start, pieces = self.at, list[Word]()
        while self.at < len(self.text) and self.text[self.at] not in " \t\n;&|()<>":
            character = self.text[self.at]
            if character == "'":
                pieces.append(Word(_literal(self._until("'"))))
            elif character == '"':
                pieces.extend(self._double_quoted())
            elif character in "$`":
                pieces.append(self._expansion())
            elif character == "\\":
                pieces.append(Word(_literal(self.text[self.at + 1 : self.at + 2].replace("\n", ""))))
                self.at += 2
            else:
                plain = _PLAIN.match(self.text, self.at)
                assert plain
                home = self.at == start and plain[0].startswith("~")
                pieces.append(Word(plain[0], home or not _PATTERN.isdisjoint(plain[0])))
                self.at = plain.end()
        return _joined(pieces)

    def _until(self, quote: str) -> str:
        end = self.text.find(quote, self.at + 1)
        if end < 0:
            raise UnreadableError(f"falta fechar uma aspa: {quote}")
        inside = self.text[self.at + 1 : end]
        self.at = end + 1
        return inside

    def _double_quoted(self) -> Iterator[Word]:
        self.at += 1
        while self.at < len(self.text):
            character = self.text[self.at]
            if character == '"':
                self.at += 1
                return
            if character in "$`":
                yield self._expansion()
            elif character == "\\" and self.text[self.at + 1 : self.at + 2] in tuple('$`"\\\n'):
                yield Word(_literal(self.text[self.at + 1].replace("\n", "")))
                self.at += 2
            else:
                yield Word(character)
                self.at += 1
        raise UnreadableError('falta fechar uma aspa: "')

    def _expansion(self) -> Word:
        """What stands at a dollar or a backquote."""
        start = self.at
        if self.text[start] == "`":
            inner = _Reader(self._until("`")).tokens()
            return Word(_literal(self.text[start : self.at]), True, tuple(_with_inner(tuple(_simple(inner)))))
        if variable := _VARIABLE.match(self.text, start):
            self.at = variable.end()
            return Word(f"${{{variable[1] or variable[2]}}}")
        if unknown := _ONLY_A_SHELL.match(self.text, start):
            self.at = unknown.end()
            return Word(_literal(unknown[0]), True)
        if self.text.startswith("$(", start):
            self.at += 2
            inner = self.tokens(closing=")")
            return Word(_literal(self.text[start : self.at]), True, tuple(_with_inner(tuple(_simple(inner)))))
        self.at += 1
        return Word("$$")


def _literal(text: str) -> str:
    return text.replace("$", "$$")


def _joined(pieces: Sequence[Word]) -> Word:
    return Word(
        "".join(piece.text for piece in pieces),
        any(piece.needs_shell for piece in pieces),
        tuple(command for piece in pieces for command in piece.inside),
    )
