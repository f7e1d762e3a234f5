"""What every request must pass before any view sees it, and the one reader of JSON bodies.

WebOb decodes lazily and raises from wherever it is touched first, which would be a 500 from within a view. So path,
query and cookies are decoded here once; whatever cannot be is a 400 that says which. So is a Host header that names
another service: redirects are completed from it, and would lead there.
"""

import json
import re
from collections.abc import Callable
from typing import Any

import orjson
from pyramid.config import Configurator
from pyramid.exceptions import URLDecodeError
from pyramid.request import Request
from pyramid.response import Response
from pyramid.tweens import EXCVIEW
from webob.multidict import MultiDict

from infra_access.core.errors import Invalid
from infra_access.core.i18n import Text, _
from infra_access.http.refusals import BadRequest, TooLarge, UnsupportedMedia
from infra_access.settings import Settings

MAX_BODY_BYTES = 1_000_000
MAX_DEPTH = 40
MAX_INTEGER = 2**53
PROBES = frozenset({"/healthz", "/readyz"})
"""What a supervisor asks by whatever address it reaches the process at; these answers hold no links."""

_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[^\s\[\]:/\\@?#]+)(?::[0-9]{1,5})?")
_FORM_TYPES = {"application/x-www-form-urlencoded", "multipart/form-data"}


def floor_tween_factory(handler: Callable[[Request], Response], registry: Any) -> Callable[[Request], Response]:
    """Return a tween that refuses what cannot be decoded, and hosts that are not ours."""
    settings: Settings = registry["infra_access.settings"]

    def floor(request: Request) -> Response:
        try:
            texts = [request.path_info, *request.GET.keys(), *request.GET.values(), *request.cookies.values()]
        except (UnicodeDecodeError, URLDecodeError, ValueError):
            raise BadRequest("text.undecodable", _("The address or query is not valid UTF-8.")) from None
        if request.path_info not in PROBES and host_named(request.host) not in settings.hosts:
            raise BadRequest("host.unknown", _("There is no service of this name here: the Host header is wrong."))
        if any("\0" in text for text in texts):
            raise BadRequest("text.nul", _("The address or query holds a NUL character."))
        if (request.content_length or 0) > MAX_BODY_BYTES:
            raise TooLarge("body.too_large", _("The body is larger than this accepts."))
        return handler(request)

    return floor


def host_named(header: str) -> str:
    """Return the name in a Host header without its port; empty for one that is none.

    >>> host_named("Labs.Example.org:443"), host_named("[::1]:6543"), host_named("labs.example.org@evil.example")
    ('labs.example.org', '::1', '')
    """
    found = _HOST.fullmatch(header.strip().lower())
    return found[1].strip("[]") if found else ""


def attempts_of(request: Request) -> int | None:
    """Return how often a request may be tried: a body that is refused anyway is not copied to be read again."""
    return 1 if (request.content_length or 0) > MAX_BODY_BYTES else None


def read_query(request: Request) -> dict[str, str]:
    """Return the query. Raises Invalid for a key given twice, of which one would be ignored."""
    twice: dict[str, list[Text]] = {
        key: [_("This is given twice.")] for key in request.GET if len(request.GET.getall(key)) > 1
    }
    if twice:
        raise Invalid("query.repeated", _("Some of the query is given twice."), fields=twice)
    return dict(request.GET)


def read_json(request: Request) -> Any:
    """Return the JSON body; 400, 413 or 415 as an exception if it is none.

    Integers stay within what JSON clients read exactly (2^53), nesting within 40 levels.
    """
    media_type = request.content_type.lower()
    if media_type != "application/json" and not media_type.endswith("+json"):
        raise UnsupportedMedia("body.not_json", _("Send the body as application/json."))
    charset = request.headers.get("Content-Type", "").lower().partition("charset=")[2].strip(' "').partition(";")[0]
    if charset and charset not in {"utf-8", "utf8"}:
        raise UnsupportedMedia("body.charset", _("Send the body in UTF-8."))
    body = request.body_file.read(MAX_BODY_BYTES + 1)
    if len(body) > MAX_BODY_BYTES:
        raise TooLarge("body.too_large", _("The body is larger than this accepts."))
    try:
        return parse_json(body)
    except (orjson.JSONDecodeError, RecursionError):
        raise BadRequest("body.malformed", _("The body is not valid JSON in UTF-8.")) from None


def parse_json(text: bytes | str) -> Any:
    """Return the document of a body or of a form's field. Raises ValueError, RecursionError, or BadRequest."""
    document = orjson.loads(text)
    json.loads(text, object_pairs_hook=_refuse_repeated)
    _check(document, MAX_DEPTH)
    return document


def _refuse_repeated(pairs: list[tuple[str, Any]]) -> None:
    # A reader that takes the first and one that takes the last would each see another request.
    names = [name for name, _value in pairs]
    if len(set(names)) < len(names):
        raise BadRequest("body.repeated", _("The body says something twice: each name may stand once in an object."))


def _check(value: Any, depth: int) -> None:
    if depth == 0:
        raise BadRequest("body.too_deep", _("The body is nested too deeply."))
    if isinstance(value, dict):
        for key, item in value.items():
            if "\0" in key:
                raise BadRequest("text.nul", _("The body holds a NUL character."))
            _check(item, depth - 1)
    elif isinstance(value, list):
        for item in value:
            _check(item, depth - 1)
    elif isinstance(value, str) and "\0" in value:
        raise BadRequest("text.nul", _("The body holds a NUL character."))
    elif isinstance(value, int | float) and not isinstance(value, bool) and abs(value) > MAX_INTEGER:
        raise BadRequest("body.number_too_large", _("A number in the body is larger than 2^53."))


def read_form(request: Request) -> MultiDict[str, str]:
    """Return the posted form; 400 or 415 as an exception if it is none."""
    if request.content_type.lower() not in _FORM_TYPES:
        raise UnsupportedMedia("body.not_a_form", _("Send this as a form."))
    try:
        form: MultiDict[str, str] = request.POST
        if any(isinstance(value, str) and "\0" in value for value in form.values()):
            raise BadRequest("text.nul", _("The form holds a NUL character."))
    except (UnicodeDecodeError, ValueError, LookupError):
        raise BadRequest("body.malformed", _("The form cannot be read.")) from None
    return form


def includeme(config: Configurator) -> None:
    """Put the floor right under the error views, which render what it refuses."""
    config.add_tween("infra_access.http.input_floor.floor_tween_factory", under=EXCVIEW)
