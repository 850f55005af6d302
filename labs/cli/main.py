"""The command line: every command of the kit is a verb here, and there is one `main`.

`python3 -m labs VERB …`, and for the commands that lessons name `python3 -m labs.VERB …` too (the modules beside the
packages of `labs/`). The work itself is done in the other rooms; what a command needs is imported when it runs, since
on a bare machine nothing is installed yet.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shlex
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import labs
from labs.base import apt
from labs.base.errors import LabError, MissingDependency
from labs.base.foreign import leaving
from labs.base.settings import Settings, default_home
from labs.cli import (
    classroom,
    cleanup,
    clinic,
    course,
    dials,
    hub,
    layers,
    lessons,
    mfa,
    pack,
    ports,
    pytest_words,
    reset,
    secrets_scan,
    sso,
    target,
)
from labs.cli.portuguese import Parser
from labs.cli.terminal import EXIT_INTERRUPTED, ask, say, settings_or_defaults
from labs.cli.verb import Verb, port
from labs.machine import environment, rootless
from labs.machine import pack as carried

PROGRAM = "python3 -m labs"
EXIT_ERROR, EXIT_BUG = 1, 70
"""70 is `EX_SOFTWARE` of sysexits(3). A command line that cannot be read is 2."""
NEEDS_ENVIRONMENT = ("start", "test", "up", "run", "prepare", "pack")
NOT_READY = "O ambiente Python do curso ainda não foi preparado."


def main(arguments: Sequence[str], program: str = "") -> int:
    """Run one command; returns the exit code. Errors become Portuguese text on stderr, never a traceback.

    Args:
        arguments: the verb and what follows it.
        program: how the person spelled the verb, where that is not `python3 -m labs VERB`.

    Raises:
        SystemExit: after `--help` or `--version` (0), or where the arguments cannot be read (2).
    """
    own, for_pytest = pytest_words.split(list(arguments))
    if own and own[0] in VERBS:
        chosen = VERBS[own[0]].parser(program or f"{PROGRAM} {own[0]}").parse_args(own[1:])
    else:
        chosen = parser().parse_args(own)
    chosen.pytest, chosen.words = for_pytest, list(arguments)
    command = VERBS[chosen.verb]
    try:
        _enter_environment(chosen, list(arguments))
        code = _inside(chosen)
        code = command.handler(chosen) if code is None else code
        sys.stdout.flush()
        return code
    except LabError as error:
        print(error, file=sys.stderr)
        return EXIT_ERROR
    except (KeyboardInterrupt, EOFError):
        print(f"\n{command.interrupted}", file=sys.stderr)
        return EXIT_INTERRUPTED
    except BrokenPipeError:  # `labs status | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_ERROR
    except Exception as error:  # noqa: BLE001 - the last resort: a person must never see a traceback
        return _unexpected(error)


def parser() -> Parser:
    """All verbs and their options; the names are fixed, other people's scripts call them."""
    top = Parser(prog=PROGRAM, description="Laboratório de container registries: tudo local, sem conta e sem custo.")
    top.add_argument("--version", action=_Version, nargs=0, help="mostra a versão do curso")
    verbs = top.add_subparsers(dest="verb", required=True, metavar="VERBO")
    for command in VERBS.values():
        command.add_to(verbs)
    return top


class _Version(argparse.Action):
    """Read where it is asked for: other commands need not know."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        print(labs.__version__)
        parser.exit()


# Arguments of the verbs below --------------------------------------------------------------------


def _start_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--no-browser", action="store_true", help="não abre o navegador")
    parser.add_argument(
        "--port",
        type=port,
        default=8888,
        metavar="PORTA",
        help="porta do JupyterLab (padrão: 8888 ou a próxima livre)",
    )
    _install_arguments(parser)


def _run_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("lessons", nargs="*", metavar="AULA", help="por exemplo 02-build (padrão: todas)")
    _install_arguments(parser)
    _json_argument(parser)


def _install_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--yes", action="store_true", help="instala pacotes do sistema sem perguntar")
    parser.add_argument("--no-install", action="store_true", help="só diz quais pacotes do sistema faltam")


def _test_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--fast", action="store_true", help="só o que não precisa de laboratório: um minuto")
    parser.add_argument("--exhaustive", action="store_true", help="as matrizes de falhas inteiras, não só aos pares")
    _install_arguments(parser)


def _json_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="saída em JSON")


def _enter_environment(chosen: argparse.Namespace, arguments: list[str]) -> None:
    """Continue inside the kit's own environment; the verbs that need it make it first."""
    if chosen.verb in NEEDS_ENVIRONMENT:
        tests = chosen.verb == "test"
        carried.use(say)
        if not environment.is_ready(tests=tests):  # nobody waits for one where no engine is to be had
            carried.verify(say)
            if chosen.verb in rootless.STARTING and rootless.is_wanted():
                rootless.require()
            else:
                _install_missing(chosen)
        environment.ensure(say, agree=_agreement(chosen), tests=tests)
    if environment.is_ready():
        environment.rerun_inside(arguments)


def _inside(chosen: argparse.Namespace) -> int | None:
    """Run the verb in the namespace of a lab without root; its exit code, or None where it belongs here."""
    settings = Settings(home=default_home())
    with contextlib.suppress(LabError):  # of a damaged file the verb itself tells
        settings = Settings.load()
    one = rootless.opened(settings)
    if one is None and chosen.verb in rootless.STARTING and rootless.is_wanted():
        rootless.require()
        one = rootless.open_one(settings, getattr(chosen, "port", 8888), say)
    if one is None:
        return None
    port = ["--port", str(one.port)] if chosen.verb == "start" else []  # the last one counts
    return rootless.run_inside(settings, one, [*chosen.words, *port])


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


def _settings() -> Settings:
    return Settings.load()


def _install_missing(chosen: argparse.Namespace) -> None:
    """System packages that the sandbox, or the tests, need on this machine."""
    from labs.machine import doctor

    agree = _agreement(chosen)
    if chosen.verb != "test":
        doctor.install_missing(say, agree=agree)
    elif chosen.fast:
        doctor.install_missing(say, agree=agree, extra=doctor.SPELLING, lab=False)
    else:
        os.environ["LABS_ENGINE"] = "private"  # the tests use no engine of the learner's
        doctor.install_missing(say, agree=agree, extra=doctor.TEST_PROGRAMS)


def _start(chosen: argparse.Namespace) -> int:
    from labs.jupyter import server

    _install_missing(chosen)
    return server.start(_settings(), say, port=chosen.port, browser=not chosen.no_browser)


def _up(chosen: argparse.Namespace) -> int:
    from labs import sandbox
    from labs.jupyter import server

    _install_missing(chosen)
    settings = _settings()
    sandbox.up(settings, say)
    if not server.running_address(settings):
        say("Próximo comando: python3 -m labs start")
    return 0


def _down(_: argparse.Namespace) -> int:
    from labs import sandbox
    from labs.jupyter import server

    settings = settings_or_defaults()
    server.end_orphans(settings, say)
    sandbox.down(settings, say)
    return 0


def _status(chosen: argparse.Namespace) -> int:
    from labs import sandbox
    from labs.machine import doctor

    known = sandbox.status(settings_or_defaults())
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
    settings = _settings()
    _prepare_terminal(settings)
    own = settings.environment()
    for name, value in own.items():
        print(f"export {name}={shlex.quote(value)}")
    for line in leaving(os.environ, own):
        print(line)
    if "AWS_PROFILE" in os.environ:
        say(f"Este terminal usava outro perfil da AWS ({os.environ['AWS_PROFILE']}); no laboratório ele fica de fora.")
    if not settings.ports.hub:
        say(
            "O laboratório ainda não foi iniciado, então os endereços estão vazios. Próximo comando: python3 -m labs up"
        )
    return 0


def _prepare_terminal(settings: Settings) -> None:
    """Say where the course's commands go, and note what they create: somebody is about to type them. On a bare machine,
    or with a damaged ledger, the terminal still gets its variables; each step's own check notes what it makes.
    """
    if not settings.ports.hub and not settings.live:
        return
    try:
        from labs.course import target_words
        from labs.ownership import ledger

        if settings.live:
            say(f"Alvo: {target_words.title(settings)}")
        if settings.ports.hub:
            ledger.note_course(settings)
    except LabError as error:
        say(str(error))


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


def _prepare_arguments(parser: argparse.ArgumentParser) -> None:
    lessons.prepare_arguments(parser)
    _install_arguments(parser)


def _prepare(chosen: argparse.Namespace) -> int:
    from labs import sandbox
    from labs.course.catalog import load_course

    lessons.place(load_course(), chosen.place)  # a mistyped name is told before anything starts
    _install_missing(chosen)
    return lessons.prepare(chosen, sandbox.up(_settings(), say))


def _test(chosen: argparse.Namespace) -> int:
    from labs.develop import testing

    _install_missing(chosen)
    testing.install_javascript_tools(say)
    options = ["--exhaustive"] if chosen.exhaustive else []
    if chosen.fast:
        return testing.run_fast([*options, *chosen.pytest], say)
    return testing.run([*options, *chosen.pytest], say) if chosen.pytest else testing.run_whole(options, say)


VERBS = {
    command.name: command
    for command in (
        Verb("start", "prepara tudo e abre o JupyterLab onde você parou; Ctrl-C para tudo", _start, _start_arguments),
        Verb("run", "faz as aulas sem navegador e mostra passo, veredito e segundos", _run, _run_arguments),
        Verb(
            "prepare",
            "deixa pronto o que vem antes de uma aula, ou de um passo dela",
            _prepare,
            _prepare_arguments,
            lessons.PREPARE_EXAMPLES,
        ),
        Verb(
            "recover",
            "traz de volta o notebook de uma aula; o que você tem fica guardado ao lado",
            lessons.recover,
            lessons.recover_arguments,
        ),
        Verb("test", "prepara tudo e roda os testes; o resto da linha vai para o pytest", _test, _test_arguments),
        Verb("up", "inicia só o laboratório e espera até tudo responder", _up, _install_arguments),
        Verb("down", "para o laboratório; seu trabalho fica guardado", _down),
        Verb(
            "reset",
            "volta ao primeiro dia (apaga progresso, imagens e contas do laboratório), ou desfaz só uma aula",
            reset.run,
            reset.arguments,
            interrupted="Interrompido no meio. Próximo comando: python3 -m labs reset",
        ),
        Verb("status", "o que está rodando, onde e desde quando", _status, _json_argument),
        Verb("doctor", "o que falta e o comando exato para resolver", _doctor, _json_argument),
        Verb(
            "ports",
            "as portas dos containers do curso nesta máquina, e como trocá-las",
            ports.run,
            ports.arguments,
            ports.EXAMPLES,
        ),
        Verb("env", 'linhas export: eval "$(python3 -m labs env)" deixa o terminal no laboratório', _env),
        Verb("journey", "onde você está no curso e por onde continuar", course.journey, course.journey_arguments),
        Verb(
            "certificate",
            "confere o curso inteiro de novo e grava o certificado",
            course.certificate,
            course.certificate_arguments,
        ),
        Verb(
            "cleanup",
            "remove o que o curso criou, e só isso: lista tudo e, num terminal, pergunta antes",
            cleanup.run,
            cleanup.arguments,
        ),
        Verb("account", "escolhe o nome da sua conta no Docker Hub do laboratório", hub.account, hub.account_arguments),
        Verb("hub", "muda um repositório da sua conta no Docker Hub", hub.hub, hub.hub_arguments),
        Verb(
            "sso",
            "login por SSO, com credenciais temporárias",
            sso.run,
            sso.arguments,
            interrupted="Login interrompido: nada foi gravado.",
        ),
        Verb(
            "class",
            "uma turma: um laboratório para cada pessoa, nesta máquina, atrás de um endereço só",
            classroom.run,
            classroom.arguments,
            classroom.EXAMPLES,
        ),
        Verb("mfa", "o código do seu segundo fator, como o celular mostra", mfa.run, mfa.arguments, mfa.EXAMPLES),
        Verb("sandbox", "o relógio e o gasto do mês do laboratório", dials.run, dials.arguments, dials.EXAMPLES),
        Verb("drill", "abre, diagnostica e encerra os casos da clínica", clinic.run, clinic.arguments, clinic.EXAMPLES),
        Verb(
            "target",
            "o alvo das aulas: sandbox ou ao vivo",
            target.run,
            target.arguments,
            interrupted="Nada foi confirmado.",
        ),
        Verb("layers", "lista os arquivos de cada layer de uma imagem", layers.run, layers.arguments, layers.EXAMPLES),
        Verb(
            "secrets_scan",
            "procura segredos do laboratório fora dos arquivos deles",
            secrets_scan.run,
            secrets_scan.arguments,
        ),
        Verb(
            "pack",
            "grava num arquivo o kit e tudo o que o primeiro start baixa, para computadores sem internet",
            pack.run,
            pack.arguments,
            pack.EXAMPLES,
        ),
        Verb(
            "notebooks",
            "roda os notebooks e guarda as saídas (para quem contribui)",
            course.notebooks,
            course.notebooks_arguments,
        ),
    )
}


def _unexpected(error: Exception) -> int:
    """Keep the traceback in a file and say where it is; a package that is not installed yet is no bug."""
    if isinstance(error, ModuleNotFoundError) and not environment.is_ready():
        print(MissingDependency(NOT_READY, str(error), "python3 -m labs start"), file=sys.stderr)
        return EXIT_ERROR
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
