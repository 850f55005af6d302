"""Every error that the gateway raises on purpose.

GatewayError               somebody's request, or a part behind the gateway; the listeners turn each into their protocol
├── BodyError              what is wrong with a request's body, whatever its path
│   ├── TooLargeError      it is beyond its limit
│   ├── TooSlowError       it does not arrive
│   └── NotAnObjectError   it is no JSON object where one is needed
├── WrongRequestError      a request to the administration socket that makes no sense
├── AmbiguousError         a manifest that two parsers would read differently
├── RefusedError           what AWS would refuse: one of `REFUSALS`, in the words of its two protocols
├── DenialError            what a registry would refuse: status, code, text
├── FlowError              what Identity Center would refuse: OAuth error, exception's name, text
├── UnavailableError       a registry behind the gateway does not answer
└── StorageError           the journal cannot be written: the change did not happen

The texts are those of the services, in English: clients print them. None of these errors reaches the kit itself.
"""

from __future__ import annotations

INVALID_TOKEN = "The security token included in the request is invalid."
EXPIRED_TOKEN = "The security token included in the request is expired"
WRONG_SIGNATURE = (
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key "
    "and signing method. Consult the service documentation for details."
)
MISSING = "Request is missing Authentication Token"
REFUSALS = {
    "invalid": ("InvalidClientTokenId", "UnrecognizedClientException", INVALID_TOKEN),
    "expired": ("ExpiredToken", "ExpiredTokenException", EXPIRED_TOKEN),
    "signature": ("SignatureDoesNotMatch", "InvalidSignatureException", WRONG_SIGNATURE),
    "incomplete": ("IncompleteSignature", "IncompleteSignatureException", ""),
    "missing": ("MissingAuthenticationToken", "MissingAuthenticationTokenException", MISSING),
    "denied": ("AccessDenied", "AccessDeniedException", ""),
    "unreadable": ("MalformedQueryString", "SerializationException", "The request cannot be read."),
    "storage": ("ServiceFailure", "ServerException", "The lab cannot write to its disk."),
    "busy": ("ServiceUnavailable", "ServerException", "A part of the lab does not answer yet."),
}
"""The same refusal in both of AWS's protocols, and its text (IAM and ECR API references, "Common errors")."""


class GatewayError(Exception):
    """The root of the tree above."""


class BodyError(GatewayError):
    """Something is wrong with a request's body."""


class TooLargeError(BodyError):
    """A body beyond its limit."""


class TooSlowError(BodyError):
    """A body that does not arrive."""


class NotAnObjectError(BodyError):
    """A body that is no JSON object."""


class WrongRequestError(GatewayError):
    """A request to the administration socket that makes no sense."""


class AmbiguousError(GatewayError, ValueError):
    """Two parsers would read this differently. A ValueError, as all that a JSON parser says of a text."""


class RefusedError(GatewayError):
    """A request that AWS would refuse. `name` is one of `REFUSALS`."""

    def __init__(self, name: str, message: str = "") -> None:
        super().__init__(message or REFUSALS[name][2])
        self.name = name
        self.message = message or REFUSALS[name][2]


class DenialError(GatewayError):
    """An answer of a registry that is no success: HTTP status, registry error code, its text."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


class FlowError(GatewayError):
    """An error of the OIDC service or the portal: OAuth error, AWS exception name, description."""

    def __init__(self, error: str, name: str, description: str = "", status: int = 400) -> None:
        super().__init__(description)
        self.error, self.name, self.description, self.status = error, name, description, status


class UnavailableError(GatewayError):
    """A registry does not answer."""


class StorageError(GatewayError):
    """The journal cannot be written: the change did not happen."""
