"""`python3 -m labs reset`: list what goes, ask, and make it the first day again; or undo one lesson."""

from __future__ import annotations

import argparse

from labs.base import apt
from labs.base.errors import LabError
from labs.base.settings import Settings, default_home
from labs.cli.terminal import EXIT_INTERRUPTED, confirmed, listed, say, settings_or_defaults

NOTHING = "Nada foi apagado."


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("lesson", nargs="?", default="", metavar="AULA", help="desfaz só esta aula, por exemplo 04")
    parser.add_argument("--dry-run", action="store_true", help="só lista o que seria apagado")
    parser.add_argument("--yes", action="store_true", help="não pergunta")


def run(chosen: argparse.Namespace) -> int:
    """Exit code 0 where it was done, or only listed.

    Raises:
        LabError: nobody can be asked, JupyterLab is open, or something cannot be removed.
    """
    from labs import sandbox
    from labs.jupyter import server

    home = default_home()
    if chosen.lesson:
        return _undo(chosen)
    if not (chosen.yes or chosen.dry_run or apt.is_terminal()):
        raise LabError("Sem terminal não há como perguntar antes de apagar.", str(home), "python3 -m labs reset --yes")
    settings = settings_or_defaults()
    if chosen.dry_run or not chosen.yes:
        print(_listed(settings))
    if chosen.dry_run:
        return 0
    if not chosen.yes and (code := _refused()):
        return code
    if address := server.running_address(settings):
        raise LabError(
            "O JupyterLab deste laboratório está aberto.",
            address.partition("?")[0],
            "Ctrl-C na janela do start, e repita o reset",
        )
    server.end_orphans(settings, say)
    sandbox.reset(settings, say)
    return 0


def _undo(chosen: argparse.Namespace) -> int:
    """One lesson: list, ask, undo; 1 where something of it is left.

    Raises:
        LabError: there is no such lesson, the target is live, nobody can be asked, or the lab is not up.
    """
    from labs.course.catalog import load_course
    from labs.running import undo
    from labs.running.runner import Runner

    runner = Runner(Settings.load())
    lesson = load_course().lesson(chosen.lesson)
    if runner.settings.live:
        raise LabError("Uma aula só se desfaz na sandbox.", "o alvo é ao vivo", "python3 -m labs.cleanup")
    if not (chosen.yes or chosen.dry_run or apt.is_terminal()):
        raise LabError(
            "Sem terminal não há como perguntar antes de apagar.", lesson.id, f"python3 -m labs reset {lesson.id} --yes"
        )
    runner.world.admin.events()  # a lab that is not up is told before anything is asked
    if chosen.dry_run or not chosen.yes:
        names = [item.name for item in undo.items(runner.world, lesson)]
        print(listed("Seria apagado:", [*names, f"o progresso e as respostas da aula {lesson.id[:2]}"]))
    if chosen.dry_run:
        return 0
    if not chosen.yes and (code := _refused()):
        return code
    left, still = undo.undo(runner, lesson, say)
    if left:
        print(f"Ainda existe: {', '.join(left)}")
    for step in still:
        print(f"Continua comprovado pelo estado, que outra aula também deixa assim: {step.title}")
    print(f"Aula {lesson.id[:2]} desfeita. Se ela está aberta, feche a aba e abra de novo.")
    return 1 if left else 0


def _refused() -> int:
    """Ask; 0 where the person agrees, else the exit code."""
    try:
        agreed = confirmed()
    except (KeyboardInterrupt, EOFError):
        say(f"\n{NOTHING}")
        return EXIT_INTERRUPTED
    if not agreed:
        print(NOTHING)
    return 0 if agreed else 1


def _listed(settings: Settings) -> str:
    """What is deleted of the state folder, and of an engine that is the learner's own."""
    from labs.sandbox import first_day

    names = [f"{settings.home / name}: {words}" for name, words in first_day.deleted_at_reset(settings).items()]
    if settings.engine_host and not settings.has_private_engine:
        from labs.ownership import removal

        names += [f"{name}, no seu Docker" for name in removal.in_own_engine(settings)]
    return listed("Seria apagado:", names) if names else "Não há nada para apagar."
