"""The command line: which verb does what.

The work itself is in `bootstrap`, `sandbox`, `doctor`, `jupyter`, `testing` and `headless`.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path

from labs.base import apt
from labs.base.errors import LabError
from labs.base.settings import Settings, default_home, is_foreign
from labs.machine import environment

EXIT_ERROR, EXIT_BUG, EXIT_INTERRUPTED = 1, 70, 130
"""70 is `EX_SOFTWARE` of sysexits(3); 130 is what shells report for Ctrl-C."""
NEEDS_ENVIRONMENT = ("start", "test", "up", "run")


def main(arguments: Sequence[str]) -> int:
    """Run one verb; returns the exit code. Errors become Portuguese text on stderr, never a traceback."""
    own, for_pytest = _split_test(list(arguments))
    chosen = parser().parse_args(own)
    chosen.pytest = for_pytest
    try:
        handler: Callable[[argparse.Namespace], int] = chosen.handler
        _enter_environment(chosen, list(arguments))
        return handler(chosen)
    except LabError as error:
        print(error, file=sys.stderr)
        return EXIT_ERROR
    except KeyboardInterrupt:
        print("\nInterrompido.", file=sys.stderr)
        return EXIT_INTERRUPTED
    except BrokenPipeError:  # `labs status | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_ERROR
    except Exception as error:  # noqa: BLE001 - the last resort: a person must never see a traceback
        return _unexpected(error)


def parser() -> argparse.ArgumentParser:
    """The verbs and their options; the names are fixed, other people's scripts call them."""
    _speak_portuguese()
    top = argparse.ArgumentParser(
        prog="python3 -m labs", description="Laboratório de container registries: tudo local, sem conta e sem custo."
    )
    verbs = top.add_subparsers(dest="verb", required=True, metavar="VERBO")

    def verb(name: str, text: str, handler: Callable[[argparse.Namespace], int]) -> argparse.ArgumentParser:
        added = verbs.add_parser(name, help=text, description=text)
        added.set_defaults(handler=handler, name=name)
        return added

    start = verb("start", "prepara tudo e abre o JupyterLab na aula 00; Ctrl-C para tudo", _start)
    start.add_argument("--no-browser", action="store_true", help="não abre o navegador")
    start.add_argument("--port", type=_port, default=8888, help="porta do JupyterLab (padrão: 8888 ou a próxima livre)")
    run = verb("run", "faz as aulas sem navegador e mostra passo, veredito e segundos", _run)
    run.add_argument("lessons", nargs="*", metavar="AULA", help="por exemplo 02-build (padrão: todas)")
    test = verb("test", "prepara tudo e roda os testes; o resto da linha vai para o pytest", _test)
    test.add_argument("--fast", action="store_true", help="só o que não precisa de laboratório: um minuto")
    test.add_argument("--exhaustive", action="store_true", help="as matrizes de falhas inteiras, não só aos pares")
    up = verb("up", "inicia só o laboratório e espera até tudo responder", _up)
    for item in (start, test, up, run):
        item.add_argument("--yes", action="store_true", help="instala pacotes do sistema sem perguntar")
        item.add_argument("--no-install", action="store_true", help="só diz quais pacotes do sistema faltam")
    verb("down", "para o laboratório; seu trabalho fica guardado", _down)
    reset = verb("reset", "volta ao primeiro dia: apaga progresso, imagens e contas do laboratório", _reset)
    reset.add_argument("--yes", action="store_true", help="não pergunta")
    status = verb("status", "o que está rodando, onde e desde quando", _status)
    doctor = verb("doctor", "o que falta e o comando exato para resolver", _doctor)
    verb("env", 'linhas export: eval "$(python3 -m labs env)" deixa o terminal no laboratório', _env)
    for item in (status, doctor, run):
        item.add_argument("--json", action="store_true", help="saída em JSON")
    return top


PORTUGUESE = {
    "usage: ": "uso: ",
    "options": "opções",
    "positional arguments": "argumentos",
    "show this help message and exit": "mostra esta ajuda",
    "%(prog)s: error: %(message)s\n": "%(prog)s: erro: %(message)s\n",
    "the following arguments are required: %s": "falta: %s",
    "unrecognized arguments: %s": "não conheço: %s",
    "argument %(argument_name)s: %(message)s": "%(argument_name)s: %(message)s",
    "invalid choice: %(value)r (choose from %(choices)s)": "%(value)r não existe; escolha entre %(choices)s",
    "invalid %(type)s value: %(value)r": "valor inválido: %(value)r",
    "expected one argument": "falta o valor",
}


def _speak_portuguese() -> None:
    """argparse looks its texts up through the module's `_` at each use: the only place where they can be replaced."""
    setattr(argparse, "_", lambda text: PORTUGUESE.get(text, text))  # noqa: B010 - mypy knows no such attribute


TEST_OPTIONS = ("--yes", "--no-install", "--fast", "--exhaustive", "-h", "--help")


def _split_test(arguments: list[str]) -> tuple[list[str], list[str]]:
    """`test --yes -k foo tests/unit`: the leading options are ours, the rest goes to pytest as it stands."""
    if arguments[:1] != ["test"]:
        return arguments, []
    count = 1
    while count < len(arguments) and arguments[count] in TEST_OPTIONS:
        count += 1
    rest = arguments[count:]
    return arguments[:count], rest[1:] if rest[:1] == ["--"] else rest


def _port(text: str) -> int:
    port = int(text)
    if not 1 <= port <= 65535:
        raise argparse.ArgumentTypeError("a porta vai de 1 a 65535")
    return port


def _enter_environment(chosen: argparse.Namespace, arguments: list[str]) -> None:
    """Continue inside the kit's own environment; the verbs that need it make it first."""
    if chosen.verb in NEEDS_ENVIRONMENT:
        environment.ensure(say, agree=_agreement(chosen))
    if chosen.verb == "test":
        environment.ensure_tests(say)
    if environment.is_ready():
        environment.rerun_inside(arguments)


def say(text: str) -> None:
    """Progress goes to stderr, so that stdout stays for results (`env`, `--json`)."""
    sys.stderr.write(f"{text}\n")  # one write a line: two threads may report at once
    sys.stderr.flush()


def _agreement(chosen: argparse.Namespace) -> Callable[[str], bool]:
    """How to decide about system packages: --no-install never, --yes or no terminal always, else ask."""

    def agree(question: str) -> bool:
        if getattr(chosen, "no_install", False):
            return False
        if getattr(chosen, "yes", False) or not apt.is_terminal():
            say(question.replace("Instalar agora?", "Instalando."))
            return True
        return ask(question)

    return agree


def ask(question: str) -> bool:
    """A yes/no question on the terminal; Enter means yes."""
    try:
        return input(f"{question} [S/n] ").strip().lower() in ("", "s", "sim", "y", "yes")
    except EOFError:
        return False


def _settings() -> Settings:
    return Settings.load()


def _install_missing(chosen: argparse.Namespace) -> None:
    """System packages that the sandbox, or the tests, need on this machine."""
    from labs.machine import doctor

    extra = doctor.TEST_PROGRAMS if chosen.verb == "test" else ()
    doctor.install_missing(say, agree=_agreement(chosen), extra=extra)


def _start(chosen: argparse.Namespace) -> int:
    from labs.jupyter import server

    _install_missing(chosen)
    return server.start(_settings(), say, port=chosen.port, browser=not chosen.no_browser)


def _up(chosen: argparse.Namespace) -> int:
    from labs import sandbox

    _install_missing(chosen)
    sandbox.up(_settings(), say)
    return 0


def _down(_: argparse.Namespace) -> int:
    from labs import sandbox
    from labs.jupyter import server

    settings = _settings_or_defaults()
    server.end_orphans(settings, say)
    sandbox.down(settings, say)
    return 0


def _settings_or_defaults() -> Settings:
    """Stopping, erasing and diagnosing work with a damaged settings file too."""
    try:
        return _settings()
    except LabError as error:
        say(str(error))
        return Settings(home=default_home())


def _reset(chosen: argparse.Namespace) -> int:
    from labs import sandbox
    from labs.jupyter import server

    home = default_home()
    if not chosen.yes:
        if not apt.is_terminal():
            raise LabError(
                "Sem terminal não há como perguntar antes de apagar.", str(home), "python3 -m labs reset --yes"
            )
        if input(f"Apagar todo o progresso e as imagens em {home}? Digite apagar para confirmar: ").strip() != "apagar":
            print("Nada foi apagado.")
            return EXIT_ERROR
    settings = _settings_or_defaults()
    if address := server.running_address(settings):
        raise LabError(
            "O JupyterLab deste laboratório está aberto.", address, "Ctrl-C na janela do start, e repita o reset"
        )
    server.end_orphans(settings, say)
    sandbox.reset(settings, say)
    return 0


def _status(chosen: argparse.Namespace) -> int:
    from labs import sandbox
    from labs.machine import doctor

    known = sandbox.status(_settings_or_defaults())
    print(json.dumps(known, indent=2, ensure_ascii=False) if chosen.json else doctor.status_text(known))
    return 0


def _doctor(chosen: argparse.Namespace) -> int:
    from labs.machine import doctor

    findings = doctor.examine()
    if chosen.json:
        print(json.dumps([finding.as_dict() for finding in findings], indent=2, ensure_ascii=False))
    else:
        print(doctor.findings_text(findings))
    return 0 if all(finding.ok for finding in findings) else EXIT_ERROR


def _env(_: argparse.Namespace) -> int:
    from labs.course import target_words
    from labs.ownership import ledger

    settings = _settings()
    if settings.ports.hub:
        try:
            ledger.note_course(settings)
        except LabError as error:
            say(str(error))  # the terminal still gets its variables; each step's own check notes what it makes
    own = settings.environment()
    for name, value in own.items():
        print(f"export {name}={shlex.quote(value)}")
    if settings.live:
        say(f"Alvo: {target_words.title(settings)}")
    foreign = sorted(name for name in os.environ if is_foreign(name) and name not in own)
    for name in foreign:
        print(f"unset {name}")
    if "AWS_PROFILE" in foreign:
        say(f"Este terminal usava outro perfil da AWS ({os.environ['AWS_PROFILE']}); no laboratório ele fica de fora.")
    if not settings.ports.hub:
        say(
            "O laboratório ainda não foi iniciado, então os endereços estão vazios. Próximo comando: python3 -m labs up"
        )
    return 0


def _run(chosen: argparse.Namespace) -> int:
    from labs import sandbox
    from labs.cli import run as headless
    from labs.course.catalog import load_course

    for name in chosen.lessons:
        load_course().lesson(name)  # a mistyped name is told before anything starts
    _install_missing(chosen)
    code = int(headless.main(chosen.lessons, chosen.json, sandbox.up(_settings(), say)))
    say("O laboratório continua de pé. Para desligar: python3 -m labs down")
    return code


def _test(chosen: argparse.Namespace) -> int:
    from labs.develop import testing

    _install_missing(chosen)
    testing.install_javascript_tools(say)
    options = ["--exhaustive"] if chosen.exhaustive else []
    if chosen.fast:
        return testing.run_fast([*options, *chosen.pytest], say)
    return testing.run([*options, *chosen.pytest], say) if chosen.pytest else testing.run_whole(options, say)


def _unexpected(error: Exception) -> int:
    """Keep the traceback in a file and say where it is."""
    name = f"erro-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.log"
    text = "".join(traceback.format_exception(error))
    path = None
    for folder in (default_home() / "sandbox" / "logs", Path(tempfile.gettempdir())):
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            path = folder / name
            path.write_text(f"{' '.join(sys.argv)}\n{text}", "utf-8")
            break
        except OSError:
            path = None
    print(
        f"Erro inesperado do curso (não é culpa sua).\nObservado: {type(error).__name__}: {error}\n"
        f"Detalhes em: {path or 'nenhum arquivo pôde ser gravado'}\nPróximo comando: python3 -m labs doctor",
        file=sys.stderr,
    )
    return EXIT_BUG
