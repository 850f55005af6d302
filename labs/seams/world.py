"""All outside systems of one lab in one value: what checks and steps read and act on."""

from __future__ import annotations

from typing import Any

from labs.base.settings import Settings
from labs.seams.cloud import AwsCloud, Cloud
from labs.seams.ecr_token import OwnerToken
from labs.seams.engine import DockerEngine, Engine
from labs.seams.gateway_admin import Admin, GatewayAdmin
from labs.seams.registry import Credentials, HttpRegistry, Hub, Registry


class World:
    """What checks read: the lab's settings and one object per outside system."""

    def __init__(
        self,
        settings: Settings,
        engine: Engine | None = None,
        cloud: Cloud | None = None,
        *,
        hub: Registry | None = None,
        hub_owner: Hub | None = None,
        ecr: Registry | None = None,
        ecr_owner: Registry | None = None,
        ecr_public: Registry | None = None,
        admin: Admin | None = None,
    ) -> None:
        """Each outside system is the real one where none is given (tests give fakes)."""
        self.settings = settings
        self.engine: Engine = engine or DockerEngine(settings)
        self.cloud: Cloud = cloud or AwsCloud(settings)
        self.hub = hub or self._registry(settings.hub_registry)
        """The Hub, with the login that the lab's Docker has."""
        self.hub_owner: Hub = hub_owner or self._read(settings.hub_registry, self._hub_token, hides=True)
        """The Hub with the account's own access token, whether or not Docker is logged in."""
        self.ecr = ecr or self._registry(settings.ecr_registry)
        """ECR, with the login that the lab's Docker has."""
        token = OwnerToken(self.cloud)
        self.ecr_owner = ecr_owner or self._read(settings.ecr_registry, token.kept, renewed=token.asked)
        """ECR with a token of the account's owner, whether or not Docker's own is still good."""
        self.ecr_public = ecr_public or self._registry(settings.ecr_public_registry)
        """ECR Public, with the login that the lab's Docker has: to read, none is needed."""
        self.ecr_public_reader = ecr_public or self._read(settings.ecr_public_registry)
        """ECR Public as everybody reads it: a kept login that expired would be in the way."""
        self.admin: Admin = admin or GatewayAdmin(settings)

    def registry(self, address: str) -> Registry:
        """The registry at this address, read as its owner; ECR Public as anybody."""
        if address == self.settings.ecr_public_registry:
            return self.ecr_public_reader
        return self.ecr_owner if address == self.settings.ecr_registry else self.hub_owner

    def _registry(self, address: str) -> Registry:
        return self._read(address, lambda: self.engine.credentials(address))

    def _read(self, address: str, credentials: Credentials = lambda: None, **how: Any) -> HttpRegistry:
        url = self.settings.registry_url(address)
        return HttpRegistry(address, credentials, url=url, architecture=self.engine.architecture, **how)

    def _hub_token(self) -> tuple[str, str] | None:
        try:
            return self.settings.hub_user, self.settings.hub_token_file.read_text("utf-8").strip()
        except OSError:
            return None
