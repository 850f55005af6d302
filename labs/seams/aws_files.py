"""The AWS CLI's own files in this lab: the one place that reads and writes them by hand.

Standard library only: `up` and the gateway import it. What a profile holds in the SDK's own eyes `cloud.profile` tells.
Source of the format: AWS CLI user guide, "Configuration and credential file settings".
"""

from __future__ import annotations

import configparser
import contextlib
import io
from pathlib import Path

from labs.base.errors import StateError
from labs.base.files import write_atomic
from labs.base.settings import Settings


def write_profile(settings: Settings, name: str, credentials: dict[str, str], config: dict[str, str]) -> None:
    """Replace one profile in both files, 0600.

    Raises:
        StateError: a file is damaged, or cannot be read or written.
    """
    _write_section(settings.aws_credentials_file, name, credentials)
    _write_section(settings.aws_config_file, _in_config(name), config)


def forget_profile(settings: Settings, name: str) -> None:
    """Drop a profile from both files; other profiles stay, and a missing one is no error.

    Raises:
        StateError: a file is damaged, or cannot be read or written.
    """
    for path, section in ((settings.aws_credentials_file, name), (settings.aws_config_file, _in_config(name))):
        parser = _read(path)
        if parser.remove_section(section):
            _write(path, parser)


def credentials(settings: Settings) -> dict[str, dict[str, str]]:
    """What the credentials file keeps for each profile, as far as it can be read: never raises."""
    parser = _parser()
    with contextlib.suppress(OSError, ValueError, configparser.Error):
        parser.read_string(settings.aws_credentials_file.read_text("utf-8"))
    return {name: {option.lower(): value for option, value in parser.items(name)} for name in parser.sections()}


def _in_config(name: str) -> str:
    """How the configuration file calls a profile's section."""
    return name if name == "default" else f"profile {name}"


def _write_section(path: Path, section: str, values: dict[str, str]) -> None:
    parser = _read(path)
    if parser.has_section(section) and dict(parser.items(section)) == values:
        return
    parser.remove_section(section)
    parser[section] = values
    _write(path, parser)


def _parser() -> configparser.RawConfigParser:
    # `default` is a profile like others, not configparser's defaults; option names keep their case; and a section that
    # stands twice counts as one, as for the AWS CLI.
    parser = configparser.RawConfigParser(default_section="\0", comment_prefixes=("#", ";"), strict=False)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    return parser


def _read(path: Path) -> configparser.RawConfigParser:
    parser = _parser()
    try:
        parser.read_string(path.read_text("utf-8"))
    except FileNotFoundError:
        pass
    except (OSError, ValueError, configparser.Error) as error:
        raise StateError(
            "Um arquivo de configuração da AWS deste laboratório não pode ser lido.",
            f"{path}: {error}",
            f"mv '{path}' '{path}.danificado' && python3 -m labs up",
        ) from error
    return parser


def _write(path: Path, parser: configparser.RawConfigParser) -> None:
    text = io.StringIO()
    parser.write(text)
    write_atomic(path, text.getvalue())
