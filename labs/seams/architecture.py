"""The names that images call a processor by: Go's (OCI image index specification, `platform.architecture`)."""

from __future__ import annotations

import platform

GO_NAMES = {"x86_64": "amd64", "AMD64": "amd64", "aarch64": "arm64", "armv7l": "arm", "i686": "386"}
"""By the name that the system gives."""


def of_this_machine() -> str:
    """This machine's."""
    return GO_NAMES.get(platform.machine(), platform.machine())
