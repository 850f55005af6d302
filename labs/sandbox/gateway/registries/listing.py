"""Lists below /v2/: tags, repositories, and what refers to a manifest; in pages.

OCI distribution specification 1.1, "Listing Tags" and "Listing Referrers". Where it leaves a choice, as CNCF
Distribution 3 answers (`registry/handlers/tags.go`), which Docker Hub runs; ECR has sizes of its own. The registries
behind the gateway (Distribution 2.8) know neither pages of tags nor referrers, so the lists come from its memory.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import urlencode

from aiohttp import web

from labs.sandbox.gateway.errors import DenialError
from labs.sandbox.gateway.http import answer
from labs.sandbox.gateway.memory.images import Repository
from labs.sandbox.gateway.registries.upstream import VERSION

INDEX = "application/vnd.oci.image.index.v1+json"
_DIGEST = re.compile(r"[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[a-zA-Z0-9=_-]+")
"""Of whatever algorithm (OCI image specification, "Digests"): one that nothing here has is no wrong question."""


@dataclass(frozen=True)
class Pages:
    """How a registry cuts its lists.

    Attributes:
        size: entries of a page where nobody says how many; None for all.
        most: how many may be asked for; None for any number.
        origin: what stands before a path in `Link`: nothing, or the registry's own address.
    """

    size: int | None = None
    most: int | None = None
    origin: str = ""

    def of(self, request: web.BaseRequest, names: Collection[str]) -> tuple[list[str], dict[str, str]]:
        """The names that this request asks for (`n`, `last`), and the answer's headers: with `Link`, where more follow.

        Raises:
            DenialError: `n` is no number, or above `most`; or it is no GET.
        """
        _only_read(request)
        asked = self._number(request.query.get("n", ""))
        size = self.size if asked is None else asked
        rest = sorted(names)
        rest = rest[bisect_right(rest, request.query.get("last", "")) :]
        shown = rest[:size]
        if not shown or shown == rest:
            return shown, VERSION
        where = urlencode({"last": shown[-1], **({"n": asked} if asked is not None else {})})
        return shown, {**VERSION, "Link": f'<{self.origin}{request.path}?{where}>; rel="next"'}

    def _number(self, text: str) -> int | None:
        if not text:
            return None
        if not re.fullmatch(r"\d{1,18}", text, re.ASCII):
            raise DenialError(400, "PAGINATION_NUMBER_INVALID", "invalid number of results requested")
        if self.most is not None and int(text) > self.most:
            # As ECR answers it, with this status (google/go-containerregistry#681).
            constraint = f"'Member must have value less than or equal to {self.most}'"
            message = f"Invalid parameter at 'maxResults' failed to satisfy constraint: {constraint}"
            raise DenialError(405, "UNSUPPORTED", message)
        return int(text)


def tags(request: web.BaseRequest, name: str, held: Repository | None, pages: Pages) -> web.Response:
    """`GET tags/list`.

    Raises:
        DenialError: as `Pages.of`.
    """
    every = [tag for image in (held.all() if held else ()) for tag in image.tags]
    shown, headers = pages.of(request, every)
    return answer({"name": name, "tags": shown}, headers=headers)


def referrers(request: web.BaseRequest, held: Repository | None, digest: str) -> web.Response:
    """`GET referrers/DIGEST`: an index, empty where nothing refers to it, in one page.

    Raises:
        DenialError: it is no digest, or it is no GET.
    """
    _only_read(request)
    if not _DIGEST.fullmatch(digest):
        raise DenialError(400, "DIGEST_INVALID", "provided digest is no digest")
    found = [image.descriptor() for image in (held.referrers(digest) if held else ())]
    headers = {**VERSION, "Content-Type": INDEX}
    if wanted := request.query.get("artifactType"):
        found = [one for one in found if one.get("artifactType") == wanted]
        headers["OCI-Filters-Applied"] = "artifactType"
    response = answer({"schemaVersion": 2, "mediaType": INDEX, "manifests": found})
    response.headers.update(headers)
    return response


def _only_read(request: web.BaseRequest) -> None:
    if request.method not in ("GET", "HEAD"):
        raise DenialError(405, "UNSUPPORTED", "The operation is unsupported.")
