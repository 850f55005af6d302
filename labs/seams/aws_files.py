"""The AWS CLI's own files in this lab (AWS CLI user guide, "Configuration and credential file settings").

Standard library only: `up` imports it.
"""

from __future__ import annotations

import configparser
import io
from pathlib import Path
from typing import Any

from labs.base.errors import StateError
from labs.base.files import write_atomic
from labs.base.settings import Settings


def write_profile(settings: Settings, name: str, credentials: dict[str, str], config: dict[str, str]) -> None:
    """Replace one profile in both files, 0600 (AWS CLI user guide, "Configuration and credential file settings")."""
    _write_section(settings.aws_credentials_file, name, credentials)
    _write_section(settings.aws_config_file, name if name == "default" else f"profile {name}", config)


def _write_section(path: Path, section: str, values: dict[str, str]) -> None:
    # `default` is a profile like others, not configparser's defaults; option names keep their case.
    parser = configparser.RawConfigParser(default_section="\0", comment_prefixes=("#", ";"), strict=False)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    before = ""
    try:
        before = path.read_text("utf-8")
        parser.read_string(before)
    except FileNotFoundError:
        pass
    except (OSError, ValueError, configparser.Error) as error:
        raise StateError(
            "Um arquivo de configuração da AWS deste laboratório não pode ser lido.",
            f"{path}: {error}",
            f"mv '{path}' '{path}.danificado' && python3 -m labs up",
        ) from error
    if parser.has_section(section) and dict(parser.items(section)) == values:
        return
    parser.remove_section(section)
    parser[section] = values
    text: Any = io.StringIO()
    parser.write(text)
    write_atomic(path, text.getvalue())
