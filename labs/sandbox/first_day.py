"""`reset` of the sandbox: the first day again."""

from __future__ import annotations

import os
from pathlib import Path

from labs.base.events import Report
from labs.base.foreign import PROGRAMS
from labs.base.settings import Settings
from labs.sandbox import leftovers, lifecycle

LEARNERS = {
    "work": "os seus notebooks e o seu widget-server",
    "docker": "logins do Docker no laboratório",
    "aws": "perfis e credenciais da AWS do laboratório",
    "secrets": "senhas e chaves do laboratório",
    "jupyter": "o arranjo do JupyterLab",
    "ipython": "o histórico dos notebooks",
    "curl": "a configuração do curl",
    PROGRAMS: "o comando docker do laboratório",
    "run": "endereços do que está de pé",
    "progress.json": "o seu progresso",
    "quiz.json": "as suas respostas aos quizzes",
    "on-call.json": "o plantão da clínica",
    "class": "recados e pedidos de ajuda da turma",
    "certificado.html": "o certificado",
    "settings.json": "a configuração do laboratório",
    "ledger.jsonl": "o registro do que o curso criou",
    "locks": "travas",
    "live": "a escolha das suas contas de verdade, com logins e progresso",
}
"""What `reset` deletes of the state folder, beside the sandbox, as a learner knows it."""
KEPT_AT_RESET = ("tools", "cache")


def reset(settings: Settings, report: Report = print) -> None:
    """Stop, then delete everything but downloads (`tools`, `cache`): the first day again.

    The state folder itself stays, and whatever in it is not the kit's. In the learner's own engine exactly what the
    ledger says is the lab's is removed; without that engine, or with things left in live accounts, nothing is erased.

    Raises:
        LabError: something cannot be stopped or deleted.
    """
    if not settings.home.is_dir():
        report("Não há nada para apagar.")
        return
    with lifecycle.locked(settings):
        chosen = lifecycle.load_or_defaults(settings)
        _require_no_loss(chosen, report)
        lifecycle.stop(chosen, report)
        _empty_own_engine(chosen, report)
        for name in LEARNERS:
            _delete(settings.home / name)
            for aside in settings.home.glob(f"{Path(name).stem}.danificado*"):  # what was damaged of it
                _delete(aside)
        for name in _names(settings.sandbox):
            if name not in KEPT_AT_RESET:
                _delete(settings.sandbox / name)
    report("Primeiro dia outra vez: progresso, imagens, contas e cópias de trabalho foram apagados.")


def deleted_at_reset(settings: Settings) -> dict[str, str]:
    """What `reset` would delete of the state folder now: name and what it is."""
    found = {name: words for name, words in LEARNERS.items() if os.path.lexists(settings.home / name)}
    if any(name not in KEPT_AT_RESET for name in _names(settings.sandbox)):
        found[settings.sandbox.name] = "a sandbox: imagens, contas, registries e logs (os programas baixados ficam)"
    return found


def _names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir()) if folder.is_dir() else []


def _require_no_loss(settings: Settings, report: Report) -> None:
    """Nothing is stopped or erased where live accounts hold what the ledger names, or the learner's own engine, which
    does, does not answer.
    """
    from labs.ownership import removal  # needs what a bare machine lacks

    removal.require_nothing_live(settings)
    removal.tell_of_other_engines(settings, settings.private_engine, report)
    if settings.engine_host and not settings.has_private_engine:
        removal.in_own_engine(settings)


def _empty_own_engine(settings: Settings, report: Report) -> None:
    """What deleting the state folder would leave behind. The sandbox is down: its tunnel used the base image."""
    from labs.ownership import removal

    if settings.engine_host and not settings.has_private_engine:
        removal.empty_engine(settings, report)
        removal.tell_of_the_builders_cache(settings, report)


def _delete(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        leftovers.remove_tree(path)
    else:
        path.unlink(missing_ok=True)
