"""Answers that are the same as before, and changes of something that is no longer what the caller saw (RFC 9110, 13).

The tag of a single resource is its version and a hash of what was shown, since the same version may look otherwise to
somebody else. A change is bound to the version alone.
"""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from importlib import metadata
from typing import Any

import orjson
from pyramid.request import Request
from pyramid.response import Response

from infra_access.core.errors import PreconditionFailed
from infra_access.core.i18n import _

_TAG = re.compile(r'(W/)?"([\x21\x23-\x7e\x80-\xff]*)"')


def tag_of(body: bytes) -> str:
    """Return the entity tag of a JSON body.

    >>> tag_of(b'{"version":3}').partition("-")[0]
    '"3'
    """
    digest = hashlib.sha256(body).hexdigest()[:16]
    # Long answers, which are lists, have none, and are not read again to find that out.
    shown = orjson.loads(body) if b'"version":' in body else None
    version = shown.get("version") if isinstance(shown, dict) else None
    return f'"{version}-{digest}"' if isinstance(version, int) else f'"{digest}"'


def is_unchanged(request: Request, tag: str) -> bool:
    """Tell whether the caller has this answer already; a weak tag counts too (RFC 9110, 13.1.2)."""
    header = request.headers.get("If-None-Match", "")
    return request.method in {"GET", "HEAD"} and (
        header.strip() == "*" or any(f'"{found[2]}"' == tag for found in _TAG.finditer(header))
    )


def expected_version(request: Request, current: int) -> int | None:
    """Return the version that a change is bound to; None without If-Match.

    Raises PreconditionFailed `version.stale` where the caller saw another one.
    """
    header = request.headers.get("If-Match")
    if header is None:
        return None
    seen = {found[2].partition("-")[0] for found in _TAG.finditer(header) if not found[1]}
    if header.strip() != "*" and str(current) not in seen:
        raise PreconditionFailed(
            "version.stale",
            _("Somebody changed this in the meantime. Load it again, look at the change, and repeat yours."),
            details={"version": current},
        )
    return current


@dataclass(frozen=True, slots=True)
class Tagged:
    """An answer that is only made if the caller has another: `stamp` stays the same as long as it would be the same."""

    stamp: str
    make: Callable[[], Any]

    @property
    def tag(self) -> str:
        """Return the entity tag; another release may show the same otherwise."""
        return f'"{_release()}-{self.stamp}"'


@lru_cache(maxsize=1)
def _release() -> str:
    return metadata.version("infra_access")


def marked(request: Request, response: Response, tag: str | None = None) -> Response:
    """Return the answer with its tag, that of its body if it has no other, or 304 where the caller has it."""
    tag = tag or tag_of(response.body)
    if is_unchanged(request, tag):
        response = Response(status=304)
    response.headers["ETag"] = tag
    response.headers["Vary"] = "Authorization, Accept-Language"
    return response
