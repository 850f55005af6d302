"""`python3 -m widget_server`: read the configuration, serve, stop on SIGTERM."""

from __future__ import annotations

import logging
import os
import signal
import sys
from types import FrameType
from typing import NoReturn

from waitress import create_server

from widget_server.app import create_app
from widget_server.config import Config, ConfigError, load_config
from widget_server.logs import set_up_logs
from widget_server.storage import Storage, StorageError

EXIT_BAD_CONFIG = 2
HARD_BODY_LIMIT = 64 * 1024  # the app answers in Portuguese from 16 KiB on; waitress cuts off far larger bodies unread
_log = logging.getLogger("widget_server")


def main() -> int:
    """Run until a signal; return the process' exit code: 0 after a signal, 2 where the service can't start."""
    # As PID 1 of a container a process ignores signals that it has no handler for.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _stop)
    try:
        config = load_config(os.environ)
        set_up_logs(config.log_level)
        storage = Storage(config.database)
        storage.prepare()
        _serve(config, storage)
    except (ConfigError, StorageError) as error:
        print(f"widget-server não iniciou: {error}", file=sys.stderr)
        return EXIT_BAD_CONFIG
    return 0


def _serve(config: Config, storage: Storage) -> None:
    """Answer requests until a signal arrives.

    Raises:
        ConfigError: the address or port can't be listened on.
    """
    try:
        server = create_server(
            create_app(config, storage),
            host=config.address,
            port=config.port,
            ident="widget-server",
            max_request_body_size=HARD_BODY_LIMIT,
        )
    except (OSError, ValueError) as error:
        raise ConfigError(f"não consigo escutar em {config.address}:{config.port} ({error}).") from error
    data = {
        "version": config.version,
        "environment": config.environment,
        "port": int(server.effective_port),
        "keys": dict(config.keys),
    }
    _log.info("started", extra={"data": data})
    # `run` swallows the SystemExit of `_stop`, waits for running requests and returns.
    server.run()
    server.close()
    _log.info("stopped")


def _stop(number: int, frame: FrameType | None) -> NoReturn:
    raise SystemExit(0)


if __name__ == "__main__":
    sys.exit(main())
