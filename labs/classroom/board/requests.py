"""What the board asks over HTTP: JSON, of a known form, of bounded size, in bounded time."""

from __future__ import annotations

import json
from typing import TypeVar

from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest, HTTPResponse

from labs.base.documents import decode

MOST_BYTES = 500_000
"""Of an answer: six certificates' worth. A learner decides what the own lab answers."""
MOST_AT_ONCE = 250
T = TypeVar("T")


class Refused(OSError):
    """An answer came, and it says no.

    Attributes:
        status: of HTTP.
    """

    def __init__(self, status: int, said: str) -> None:
        super().__init__(said)
        self.status = status


class Requests:
    """A client of its own: who waits here keeps nobody waiting elsewhere."""

    def __init__(self) -> None:
        self._client = AsyncHTTPClient(force_instance=True, max_clients=MOST_AT_ONCE, max_body_size=MOST_BYTES)

    async def ask(
        self,
        url: str,
        kind: type[T],
        *,
        token: str,
        seconds: float,
        host: str = "",
        content: object = None,
    ) -> T:
        """What is answered to a GET, or with `content` to a POST of it.

        Args:
            host: whom the request is meant for, where `url` has the address of a proxy.

        Raises:
            Refused: another answer than a success; a redirect is one.
            OSError: no answer came, or none of this form.
        """
        headers = {"Authorization": f"token {token}", **({"Host": host} if host else {})}
        body = None if content is None else json.dumps(content)
        asked = HTTPRequest(url, "GET" if body is None else "POST", headers, body)
        asked.request_timeout = asked.connect_timeout = seconds
        asked.follow_redirects = False
        return _decoded(await self._fetched(asked), kind)

    async def _fetched(self, asked: HTTPRequest) -> HTTPResponse:
        try:
            return await self._client.fetch(asked)
        except HTTPClientError as error:
            if error.response is None or error.code >= 599:  # Tornado's number for no answer
                raise OSError(str(error)) from error
            raise Refused(error.code, str(error)) from error
        except ValueError as error:
            raise OSError(str(error)) from error


def _decoded(answer: HTTPResponse, kind: type[T]) -> T:
    try:
        return decode(answer.body, kind)
    except ValueError as error:
        raise OSError(str(error)) from error
