"""What a card says as plain text: the transcript that a notebook stores and a reader without a kernel sees."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from labs.base.errors import Interrupted, StepBusy
from labs.base.text import LETTERS
from labs.base.verdict import STANDS, Verdict
from labs.course.catalog import Question, Step
from labs.running.runner import Outcome

EXPECTED = "Este comando deve ser recusado — é o que queremos ver."
REQUIRED = "O certificado pede este desafio."
TYPED = "Digitou o comando no terminal? Aperte Verificar."
SHOWS = f"Este passo não deixa nada de novo no laboratório. {TYPED}"
TYPED_PROGRAMS = {
    *("docker", "aws", "python3", "cat", "ls", "cp", "mv", "cd", "chmod", "curl"),
    *("df", "eval", "export", "pwd", "sudo", "tail", "echo", "grep"),
}
"""First words that tell a command from advice: a verdict's hint can be either."""


@dataclass(frozen=True)
class Status:
    """How a step stands. `state` is one of `MARKS`."""

    state: str = "pending"
    observed: str = ""
    next: str = ""


MARKS = {
    "pending": ("○", "Por fazer"),
    "running": ("…", "Executando"),
    "checking": ("…", "Verificando"),
    "passed": ("✓", "Comprovado"),
    "holding": ("⚠", "Falhou agora"),
    "failed": ("✗", "Ainda não"),
    "stopped": ("■", "Interrompido"),
}
"""State → sign and word: never colour alone."""


def status_of(verdict: Verdict) -> Status:
    """A verdict as a status; the hint stands only where it did not pass."""
    if verdict.passed:
        return Status("passed", verdict.observed)
    if verdict.holds:
        return Status("holding", f"{verdict.observed}\n{STANDS}", verdict.hint)
    return Status("failed", verdict.observed, verdict.hint)


def status_after(outcome: Outcome) -> Status:
    """A run as a status."""
    if isinstance(outcome.error, Interrupted) and not outcome.verdict.passed:
        return Status("stopped", outcome.verdict.observed)
    if isinstance(outcome.error, StepBusy):
        return Status("pending", outcome.verdict.observed, outcome.verdict.hint)
    if outcome.verdict.passed and not outcome.ran:
        return Status("passed", f"{outcome.verdict.observed} (Já estava feito: não rodei de novo.)")
    return status_of(outcome.verdict)


def status_after_repair(outcome: Outcome) -> Status:
    """A repair as a status: what it repaired, or what to do next."""
    if outcome.error:
        after = status_after(outcome)
        failed = after.state in ("failed", "holding")
        return replace(after, observed=f"O conserto falhou. {after.observed}") if failed else after
    if outcome.verdict.passed:
        return status_of(outcome.verdict)
    return Status("pending", "Conserto feito. Agora execute o passo de novo.")


def output_of(outcome: Outcome) -> list[str]:
    """The command's lines, and the refusal where the tool's own words are not among them."""
    lines = [line.rstrip() for text in outcome.transcript for line in text.splitlines()]
    said = [line.rstrip() for line in outcome.error.observed.splitlines()] if outcome.error else []
    seen = {line.strip() for line in lines}
    return lines + [line for line in said if line and line.strip() not in seen]


def status_line(status: Status) -> str:
    """`✓ Comprovado: …`, and the next command below it where there is one."""
    sign, word = MARKS[status.state]
    line = f"{sign} {word}: {status.observed}" if status.observed else f"{sign} {word}"
    if not status.next or status.state == "passed":
        return line
    return f"{line}\n  {'Próximo comando' if is_command(status.next) else 'Dica'}: {status.next}"


def is_command(text: str) -> bool:
    """Whether a hint is something to type."""
    return text.partition(" ")[0] in TYPED_PROGRAMS


def step_text(heading: str, step: Step, output: Iterable[str], status: Status) -> str:
    """A step's whole text. An open step shows its task and never its solution."""
    lines = [heading]
    if step.open or step.text:
        lines.append(step.text)
    else:
        lines += [f"$ {step.command.strip()}"]
    if step.expect or step.required:
        lines.append(EXPECTED if step.expect else REQUIRED)
    return "\n".join([*lines, *output, status_line(status)])


def quiz_text(questions: Iterable[Question], *, explained: bool) -> str:
    """The questions with their options; `explained` adds why each is right or wrong."""
    blocks = []
    for number, question in enumerate(questions, start=1):
        lines = [f"{number}. {question.question}"]
        for letter, option in zip(LETTERS, question.options, strict=False):
            lines.append(f"   {letter}) {option.text}")
            if explained:
                lines.append(f"      {option.because}")
        blocks.append("\n".join(lines))
    return "\n\n".join([f"Quiz · {len(blocks)} perguntas", *blocks])
