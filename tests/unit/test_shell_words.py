"""Words, quotes and cuts of a line of shell, as bash itself reads them."""

from __future__ import annotations

import contextlib
import random
import subprocess

import pytest

from labs.course.shell_words import UnreadableError, Word, stretches

WORDS = (
    "a  b\tc",
    "'a b' \"c d\" e\\ f",
    "a'b'\"c\"d",
    "'' \"\"",
    '$NAME "$NAME" \'$NAME\' \\$NAME ${NAME}x "${NAME}"y $NAME/z "$NAME"_z',
    "--x='{{.Id}}' a[0]",
    '"a\\"b\\\\c\\d\\$e" \'a\\b\'',
    "a#b '# no comment' c # a comment with 'an open quote",
    "'s|x$|y .|' \"^x$\" x$",
    '--budget \'{"a":"$5","b":[1]}\'',
    "-p127.0.0.1:3000:3333/tcp --tag=x -itd",
    "a\\\nb c\\\n d",
    "caminho/ação.txt “aspas”",
)


@pytest.mark.parametrize("text", WORDS)
def test_words_are_what_bash_makes_of_them(text: str) -> None:
    ((command,),) = (stretch.commands for stretch in stretches(f"printf '%s\\0' {text}"))
    said = subprocess.run(
        ["bash", "-c", f"printf '%s\\0' {text}"], capture_output=True, text=True, check=True, env={"NAME": "valor"}
    )
    words = [word.resolved({"NAME": "valor"}) for word in command.words[2:]]
    assert words == said.stdout.split("\0")[:-1]


@pytest.mark.parametrize(
    "text", ["$(date)", "`date`", "$1", "$?", "${A:-b}", "*.txt", "~/x", "$'a\\n'", "$((1 + 2))", "{a,b}"]
)
def test_what_only_a_shell_can_expand_is_never_guessed(text: str) -> None:
    (stretch,) = stretches(f"echo {text}")
    assert stretch.needs_shell and stretch.commands[-1].words[1].resolved({"A": "x"}) is None


def test_a_variable_that_nobody_knows_is_never_guessed() -> None:
    assert Word("${NONE}/x").resolved({"OTHER": "y"}) is None


@pytest.mark.parametrize("text", ["echo 'a", 'echo "a', "echo `a", "echo $(a", "(a && b", 'echo "$(echo \'a)"', "$(("])
def test_what_is_never_closed_cannot_be_read(text: str) -> None:
    with pytest.raises(UnreadableError, match="fechar"):
        stretches(text)


@pytest.mark.parametrize(
    ("text", "programs"),
    [
        ("a && b | c", ["a", "b", "c"]),
        ("x $(a $(b)) && y", ["b", "a", "x", "y"]),
        ('x "$(a \'{{join .R "\\n"}}\' $(b) | c)"', ["b", "a", "c", "x"]),
        ("x `a`", ["a", "x"]),
        ("(umask 077 && a > f)", ["umask", "a"]),
        ("A=$(a) b", ["a", "b"]),
        ("cat <<EOF\nit's; a $(b\nEOF\nc", ["cat", "c"]),
        ("a 2>&1 >f <g", ["a"]),
        ("# nothing", []),
    ],
)
def test_every_program_of_a_line_is_found(text: str, programs: list[str]) -> None:
    assert [one.words[0].text for stretch in stretches(text) for one in stretch.commands] == programs


@pytest.mark.parametrize(
    "text", ["cd x && a", "A=1 && a", "export A=1 && a", "[[ a && b ]]", "{ a && b; }", "a & b && c"]
)
def test_what_the_next_part_needs_of_the_shell_is_not_cut(text: str) -> None:
    (stretch,) = stretches(text)
    assert stretch.text == text


@pytest.mark.parametrize(
    ("text", "needs"),
    [
        ("docker push a:1", False),
        ("a | b", False),
        ("a < f", False),
        ("(a)", True),
        ("a; b", True),
        ("A=1 a", True),
        ("a |& b", True),
        ("a &", True),
    ],
)
def test_what_needs_a_shell(text: str, needs: bool) -> None:
    (stretch,) = stretches(text)
    assert stretch.needs_shell is needs


def test_redirections_keep_their_order() -> None:
    ((command,),) = (stretch.commands for stretch in stretches("a 2>&1 > 'f g' <<< x"))
    assert [(sign, word.text) for sign, word in command.redirects] == [("2>&", "1"), (">", "f g"), ("<<<", "x")]


def test_no_text_makes_the_reader_fail() -> None:
    chance = random.Random(8)
    for _ in range(4_000):
        text = "".join(chance.choices("ab $'\"`\\(){}<>|&;\n#*~=-", k=chance.randint(0, 14)))
        with contextlib.suppress(UnreadableError):
            stretches(text)
