"""What a learner reads is spelled right and speaks with one voice.

A word that the dictionary (Debian's hunspell-pt-br) does not know is a mistake, or a term of the field: those stand in
`words.txt`, in lower case, one a line, sorted.
"""

from __future__ import annotations

import re
import subprocess
from functools import cache
from pathlib import Path

import pytest

from .texts import Text, all_texts, is_portuguese

WORDS = Path(__file__).with_name("words.txt")

MASCULINE = [
    *("engine", "registry", "digest", "push", "pull", "build", "token", "budget", "container", "manifest", "check"),
    *("gateway", "kernel", "notebook", "dockerfile", "namespace", "login", "cache", "host", "template"),
    *("deploy", "AWS CLI"),
]
FEMININE = ["layer", "tag", "sandbox", "key", "secret", "release", "API"]
BEFORE = {
    "m": r"a|as|da|das|na|nas|uma|à|às|esta|essa|desta|dessa|nesta|nessa|pela|minha|sua|própria|outra|nenhuma|toda",
    "f": r"o|os|do|dos|no|nos|um|ao|aos|este|esse|deste|desse|neste|nesse|pelo|meu|seu|próprio|outro|nenhum|todo",
}
"""Words that give a term the wrong gender."""

VOICE = {
    r"\b(?:tu|teu|teus|tua|tuas|vós|vosso|vossa|contigo)\b": "o curso diz “você”",
    r"\bo usuário (?:deve|pode|precisa|clica|digita|executa)\b": "o curso fala com você, não sobre “o usuário”",
    r"\b(?:o aluno|a aluna|os alunos|o estudante) (?:deve|pode|precisa|vai)\b": "o curso fala com você",
    r"\b(?:contêiner|contentor|contêineres|imagens de contêiner)\b": "o curso diz “container”",
    r"\b(?:deletar?|deletad[oa]s?|deletou|deleção)\b": "o curso diz “apagar” ou “remover”",
    r"\b(?:printar|startar|buildar|taguear|taggear|pushar|commitar|logar)\b": "verbo inglês conjugado",
    r"\b(?:clicka|click aqui|clique aqui)\b": "diga no que clicar",
    r"\b(?:simplesmente|basta apenas|obviamente|trivial)\b": "pode não ser simples para quem lê",
    r"\b(?:ficheiros?|ecrã|utilizador(?:es)?|palavra-passe|directório|noutr[oa]s?)\b": "português de Portugal",
    r"\b(?:a nível de|através da mesma|o mesmo irá|sendo que o mesmo)\b": "linguagem de ofício",
}

ONE_TERM = {
    r"\bpedidos? (?:http|à api|à aws|ao registry)|\b(?:corpo|hora) do pedido|\b(?:este|cada) pedido\b": "requisição",
    r"\bsecret keys?\b": "secret access key, e depois a secret",
    r"\bhosts? de git\b": "serviço de Git",
    r"\bsua máquina\b": "seu computador",
    r"\b(?:o|um|do|no|seu|este) times?\b": "equipe",
    r"\b(?:o|um|do) client\b": "cliente (o programa docker)",
    r"\bbuilders?\b": "construtor",
    r"\b(?:no|do) run\b": "na execução",
    r"\bmud\w+ de dono\b": "passa a apontar para outra imagem",
    r"\balertas? (?:tocar|tocou|tocam?|saiu|saíram)\b": "o alerta dispara",
    r"\bmodo \W?live\b": "ao vivo",
    r"\b(?:dá|um) tempo esgotado\b": "timeout (tempo esgotado)",
    r"\b(?:o|do|no) .v\d+.(?= de\b)": "a tag: a v1",
    r"\bUSD\b|\d dólar(?:es)?\b": "US$ 0,10",
    r"\bfranquias?\b|\bgrátis\b": "nível gratuito, sem cobrança",
    r"\b(?:um|este|nenhum|esse) papel\b": "role",
    r"\betapa \d": "passo",
    r"\bzero resíduos?\b": "nada para trás",
    r"\bestá fora(?! do ar)\b": "está fora do ar",
    r"\bportas? do host\b|\bno host\b": "no seu computador",
    r"(?<![:{,] )(?<=\s)\"[^\W\d_]": "aspas curvas: “assim”",
}
"""One thing has one name: what the course used to call it too, and the name."""


WORDS_AT_MOST = 32
"""In a sentence of a lesson; the median is eight."""


@cache
def texts() -> tuple[Text, ...]:
    return tuple(all_texts())


def unknown(words: str) -> set[str]:
    """The words that hunspell does not know."""
    answer = subprocess.run(
        ["hunspell", "-d", "pt_BR", "-i", "utf-8", "-l"], input=words, capture_output=True, text=True, check=True
    )
    return set(answer.stdout.split())


def terms() -> list[str]:
    return WORDS.read_text("utf-8").splitlines()


def test_every_word_is_portuguese_or_a_term_of_the_field() -> None:
    known = set(terms())
    wrong = {word for word in unknown("\n".join(text for _, text in texts())) if word.lower() not in known}
    places = {
        word: [place for place, text in texts() if re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text)][:3]
        for word in sorted(wrong)
    }
    assert places == {}, f"corrija, ou, se for um termo da área, acrescente a {WORDS}"


def test_a_mistake_is_found() -> None:
    assert unknown("A imagem foi construida pelo engine, e o conteiner excecutou.") >= {"construida", "excecutou"}


def test_the_terms_are_sorted_and_not_in_the_dictionary() -> None:
    assert terms() == sorted(set(terms()))
    assert sorted(set(terms()) - {word.lower() for word in unknown("\n".join(terms()))}) == []


def test_all_kinds_of_text_are_looked_at() -> None:
    places = " ".join(place for place, _ in texts())
    for kind in (
        ".ipynb",
        ".toml",
        "labs/base/explain.py",
        "labs/widgets/action.js",
        "map.html",
        "pt_BR.json",
        "README.md",
    ):
        assert kind in places, kind
    assert is_portuguese("Não consegui ler.") and not is_portuguese("no space left on device")


@pytest.mark.parametrize("pattern", VOICE)
def test_the_course_speaks_with_one_voice(pattern: str) -> None:
    found = [(place, match[0]) for place, text in texts() for match in re.finditer(pattern, text, re.IGNORECASE)]
    assert found == [], VOICE[pattern]


@pytest.mark.parametrize("pattern", ONE_TERM)
def test_one_thing_has_one_name(pattern: str) -> None:
    found = [(place, match[0]) for place, text in texts() for match in re.finditer(pattern, text, re.IGNORECASE)]
    assert found == [], ONE_TERM[pattern]


def test_a_price_in_a_lesson_begins_no_formula() -> None:
    """Markdown in JupyterLab sets what stands between two dollar signs as a formula, unless each has a backslash."""
    assert [place for place, text in texts() if ".ipynb" in place and "US$" in text] == []


def test_a_lessons_sentences_are_short() -> None:
    lessons = [(place, text) for place, text in texts() if ".ipynb" in place or re.search(r"^\d\d-.*\.toml", place)]
    sentences = [(place, said) for place, text in lessons for said in re.split(r"(?<=[.!?])\s+|\n", text)]
    long = [
        (place, said) for place, said in sentences if "|" not in said and len(re.findall(r"\w+", said)) > WORDS_AT_MOST
    ]
    assert long == [], "diga em duas frases"


def test_the_catalogue_has_no_marks_that_a_card_would_show_as_they_are() -> None:
    """Cards know `code`, and no other Markdown."""
    assert [(place, text) for place, text in texts() if ".toml" in place and re.search(r"\*\*|\]\(|^#", text)] == []


@pytest.mark.parametrize(
    ("gender", "term"), [*(("m", term) for term in MASCULINE), *(("f", term) for term in FEMININE)], ids=str
)
def test_a_term_has_one_gender(gender: str, term: str) -> None:
    plural = "registr(?:y|ies)" if term == "registry" else f"{term}s?"
    wrong = re.compile(rf"(?<!\w)(?:{BEFORE[gender]}) {plural}(?!\w|-)", re.IGNORECASE)
    found = [(place, match[0]) for place, text in texts() for match in wrong.finditer(text)]
    assert found == []
