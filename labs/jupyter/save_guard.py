"""What JupyterLab's server asks of the kit: before a notebook is saved, whether a secret stands in it.

`jupyter/configuration.py` names `refuse_secrets` for the server (Jupyter Server documentation, "Contents API",
"pre_save_hook"). JupyterLab shows the refusal in a dialog; the learner's text stays in the browser, the file stays as
it was, and nothing is removed for them: they may need what they would lose.
"""

from __future__ import annotations

import logging
from typing import Any

from tornado.web import HTTPError

from labs.base.errors import LabError
from labs.base.settings import Settings
from labs.secrecy.values import Needles, in_notebook, known

log = logging.getLogger("labs.secrets")
MOST_TOLD = 5


def refuse_secrets(model: dict[str, Any], path: str, **_: Any) -> None:
    """Refuse to write a notebook that holds a secret.

    Raises:
        HTTPError: 422; its message names the cells and the secrets' files, never a value.
    """
    if model.get("type") != "notebook" or not model.get("content"):
        return
    try:
        settings = Settings.load()
    except LabError as error:
        log.warning("não consegui procurar segredos em %s: %s", path, error)
        return
    found = in_notebook(model["content"], Needles(known(settings)))
    if not found:
        return
    listed = "; ".join(f"{where}: {label}" for where, label in found[:MOST_TOLD])
    more = f" e mais {len(found) - MOST_TOLD}" if len(found) > MOST_TOLD else ""
    message = (
        f"Este notebook contém um segredo e não foi salvo. Onde: {listed}{more}. "
        "Apague o segredo da célula (numa saída: botão direito na célula, “Limpar saída da célula”) e salve de novo. "
        "Suas mudanças continuam nesta aba; o arquivo no disco está como antes."
    )
    log.warning("%s: %s", path, message)
    raise HTTPError(422, message, reason="Segredo no notebook")
