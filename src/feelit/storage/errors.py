"""Failures of objects in buckets: in words, and whether to try again.

Every storage has exceptions of its own. They are distinguished by their names and by the codes of the answers they carry, so
that none of the libraries is needed to know them.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from typing import TypeVar

from feelit.errors import FeelitError
from feelit.storage import waiting
from feelit.storage.location import Url, redacted

PAUSES_S = (0.2, 0.4, 0.8, 1.6)
"""The pause before each new attempt, times 0.5 to 1.5, so that workers do not retry in step."""

ENDPOINTS = {"s3": ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"), "gs": ("STORAGE_EMULATOR_HOST",)}

ROOMS = {"aiobotocore", "aiohttp", "asyncio", "botocore", "fsspec", "gcsfs", "google", "requests", "s3fs", "urllib3"}
"""Packages whose exceptions are answers of a storage or failures of a network. Those of any other are bugs."""

AGAIN = {408, 409, 429, 500, 502, 503, 504}
"""HTTP statuses worth another attempt: timeouts, conflicts, too many requests, temporary failures."""

NO_CREDENTIALS = {"NoCredentialsError", "PartialCredentialsError", "DefaultCredentialsError", "ProfileNotFound"}
OLD_CREDENTIALS = {
    *("CredentialRetrievalError", "TokenRetrievalError", "SSOTokenLoadError", "UnauthorizedSSOTokenError", "RefreshError")
}
INCOMPLETE = {"ClientPayloadError", "IncompleteRead", "IncompleteReadError", "ResponseStreamingError"}
NO_ANSWER = {
    "SSLError": "there is no secure connection",
    **dict.fromkeys(("TimeoutError", "ConnectTimeoutError", "ReadTimeoutError"), "the storage did not answer in time"),
    "ClientConnectorError": "there is no connection",
    **dict.fromkeys(
        ("ClientOSError", "ConnectionClosedError", "ConnectionResetError", "ServerDisconnectedError"),
        "the connection was reset",
    ),
    # ClientError is that of aiohttp; that of botocore carries an answer.
    **dict.fromkeys(("ConnectionError", "HTTPClientError", "ClientError", "OSError"), "there is no connection"),
}
"""Names of exceptions, of botocore, aiohttp, Google's libraries and Python itself; those that come first count."""

CHANGED, AGAIN_HINT = "has changed since it was opened", "run the same command again"

Result = TypeVar("Result")


class IncompleteError(OSError):
    """Less arrived than was requested."""


class SlowError(OSError):
    """It arrived more slowly than the minimum rate."""


class ForeignError(OSError):
    """What arrived with an answer of success is not what was requested."""


class ChangedError(OSError):
    """What arrived is of another version of the object."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What went wrong. `missing` and `exists` are for callers that expect these cases."""

    reason: str
    hint: str
    transient: bool = False
    missing: bool = False
    exists: bool = False


def attempt(call: Callable[[], Result], url: Url, kind: type[FeelitError]) -> Result:
    """Call a function until an attempt succeeds, a few times at most. Raises an error of this kind if none does, or if another
    attempt would be useless."""
    for number in count(2):
        try:
            return call()
        except Exception as error:
            fault = fault_of(error, url)
            if not fault.transient or number > 1 + len(PAUSES_S):
                # Without its cause, which may hold addresses with secrets in them.
                raise kind(f"{url} {fault.reason}", fault.hint) from None
        waiting.say(f"{url} {fault.reason}; attempt {number} of {1 + len(PAUSES_S)}")
        time.sleep(PAUSES_S[number - 2] * random.uniform(0.5, 1.5))  # noqa: S311  # a pause is no secret
    raise AssertionError  # the loop has no end


def fault_of(error: Exception, url: Url) -> Fault:
    """An exception of a storage's library in words; one that is a bug is raised again.

    What the storage or the network did may be hidden in the chain: a library that does not expect a failure
    raises something else over it.
    """
    names = {kind.__name__ for link in _chain(error) for kind in type(link).__mro__}
    code, status = _answer(error)
    endpoint = _endpoint(url)
    known = (isinstance(link, OSError) or type(link).__module__.split(".")[0] in ROOMS for link in _chain(error))
    if not isinstance(error, ValueError) and not any(known):
        raise error
    if code == "NoSuchBucket" or (url.key == "" and isinstance(error, FileNotFoundError)):
        return Fault("cannot be reached: there is no such bucket", f"check the spelling of {url.bucket}, and {endpoint}")
    if isinstance(error, FileExistsError):
        return Fault("exists already", "give another --out, or --force to replace it", exists=True)
    if status == 412 or isinstance(error, ChangedError):
        return Fault(CHANGED, AGAIN_HINT, exists=True)
    if isinstance(error, FileNotFoundError):
        return Fault("does not exist", f"check the spelling, and {endpoint}", missing=True)
    if isinstance(error, PermissionError):
        return Fault(f"is refused: {code or 'access denied'}", "check the credentials and what they allow")
    if isinstance(error, ForeignError) or "ResponseParserError" in names:
        hint = "a proxy, or a page for logging in? Try again, and check " + endpoint
        return Fault("cannot be read: what answers is not the storage", hint, transient=True)
    if isinstance(error, SlowError):
        hint = "check the network, or lower --min-transfer-rate"
        return Fault("cannot be read: the storage sends too slowly", hint, transient=True)
    if isinstance(error, IncompleteError) or names & INCOMPLETE:
        return Fault("broke off while it was read", "try again; the connection or the storage is at fault", transient=True)
    if names & NO_CREDENTIALS:
        return Fault("cannot be reached: no credentials were found", "set them as docs/storage.md describes")
    if names & OLD_CREDENTIALS:
        return Fault("cannot be reached: the credentials could not be renewed", "log in again")
    if status in (301, 307):
        return Fault("lies in another region", "set AWS_DEFAULT_REGION to that of the bucket")
    if status is not None:
        hint = "the storage is busy or broken; try again later" if status in AGAIN else f"check {endpoint}"
        return Fault(f"cannot be reached: the storage answered {code or status}", hint, transient=status in AGAIN)
    for name, reason in NO_ANSWER.items():
        if name in names:
            return Fault(f"cannot be reached: {reason}", f"check the network, and {endpoint}", transient=True)
    hint = f"check the address, the configuration files, and {endpoint}"
    return Fault("cannot be reached: the storage's library refuses", hint)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """An exception and those that led to it."""
    link: BaseException | None = error
    while link is not None:
        yield link
        link = link.__cause__ or link.__context__


def _answer(error: BaseException) -> tuple[str | None, int | None]:
    """The code and the HTTP status of the answer that an exception carries."""
    for link in _chain(error):
        response = getattr(link, "response", None)
        if isinstance(response, dict):
            code = response.get("Error", {}).get("Code")
            status = response.get("ResponseMetadata", {}).get("HTTPStatusCode")
            return (None if code is None or str(code).isdigit() else str(code)), status
        number = getattr(link, "code", None)
        if isinstance(number, int | str) and str(number).isdigit():
            return None, int(number)
    return None, None


def _endpoint(url: Url) -> str:
    """The endpoint, as the environment names it."""
    named = next((os.environ[name] for name in ENDPOINTS[url.scheme] if os.environ.get(name)), None)
    return f"the endpoint {redacted(named)}" if named else "the endpoint"
