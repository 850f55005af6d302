"""AWS signatures are computed again, and old or strange ones refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from labs.sandbox.gateway.aws import sigv4
from labs.sandbox.gateway.errors import RefusedError


def signed(body: bytes, *, secret: str = "segredo", date: datetime | None = None) -> sigv4.Message:
    request = AWSRequest("POST", "http://127.0.0.1:5003/?b=2&a=1", data=body, headers={"Content-Type": "x"})
    auth = SigV4Auth(Credentials("AKIATEST", secret), "iam", "us-east-1")
    moment = date or datetime.now(UTC)
    request.context["timestamp"] = moment.strftime("%Y%m%dT%H%M%SZ")
    request.headers["X-Amz-Date"] = request.context["timestamp"]
    request.headers["Host"] = "127.0.0.1:5003"
    text = auth.string_to_sign(request, auth.canonical_request(request))
    auth._inject_signature_to_request(request, auth.signature(text, request))
    return sigv4.Message("POST", "/?b=2&a=1", {name.lower(): value for name, value in request.headers.items()}, body)


def test_signatures_are_computed_again() -> None:
    message = signed(b"Action=ListUsers")
    signature = sigv4.parse(message.headers["authorization"])
    assert signature
    assert (signature.key, signature.service, signature.region) == ("AKIATEST", "iam", "us-east-1")
    sigv4.verify(message, signature, "segredo")
    for changed in (
        (message, "outro"),
        (sigv4.Message("GET", message.target, message.headers, message.body), "segredo"),
        (sigv4.Message("POST", "/?b=2&a=2", message.headers, message.body), "segredo"),
        (sigv4.Message("POST", message.target, message.headers, b"Action=DeleteUser"), "segredo"),
        (sigv4.Message("POST", message.target, {**message.headers, "host": "x"}, message.body), "segredo"),
    ):
        with pytest.raises(RefusedError):
            sigv4.verify(changed[0], signature, changed[1])


def test_old_signatures_are_refused() -> None:
    message = signed(b"", date=datetime.now(UTC) - timedelta(minutes=16))
    with pytest.raises(RefusedError, match="Signature expired"):
        sigv4.verify(message, sigv4.parse(message.headers["authorization"]), "segredo")


SWAPPED = "AWS4-HMAC-SHA256 Credential=wJalrXUtnFEMI/K7MDENG/20260101/us-east-2/sts/aws4_request, SignedHeaders=host"


@pytest.mark.parametrize(
    ("text", "name", "said"),
    [
        ("", "missing", "Missing|missing"),
        ("Basic eA==", "incomplete", "requires 'Credential'"),
        ("AWS4-HMAC-SHA256 Credential=a/b/c", "incomplete", "exactly 5 slash-delimited"),
        ("AWS4-HMAC-SHA256 " + "a" * 5000, "incomplete", "requires 'Credential'"),
        (SWAPPED, "incomplete", "got 'wJal…/20260101/us-east-2/sts/aws4_request'"),
        (SWAPPED.replace("I/K", " K"), "incomplete", "missing equal-sign"),
        (SWAPPED.replace("I/K", "K"), "incomplete", "'SignedHeaders' and 'Signature'"),
    ],
)
def test_what_is_wrong_with_a_header_is_said_as_aws_says_it(text: str, name: str, said: str) -> None:
    with pytest.raises(RefusedError, match=said) as refused:
        sigv4.parse(text)
    assert refused.value.name == name and "MDENG" not in refused.value.message


def test_a_scope_is_read_from_a_header_that_is_wrong_otherwise() -> None:
    assert sigv4.scope(SWAPPED) == ("sts", "us-east-2")
    assert sigv4.scope(SWAPPED.replace("us-east-2", "")) == ("sts", "")
    assert sigv4.scope("Basic eA==") == ("", "")
