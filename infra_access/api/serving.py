"""What happens to every call: check the query and the body, run the view once, dump, mark."""

from dataclasses import dataclass
from functools import partial
from typing import Any

import orjson
from pyramid.request import Request
from pyramid.response import Response
from translationstring import TranslationString

from infra_access.api.conditional import Tagged, expected_version, is_unchanged, marked
from infra_access.api.contract import JSON, Call, Operation
from infra_access.api.schemas import load
from infra_access.core import clock
from infra_access.http.idempotency import HEADER, once
from infra_access.http.input_floor import read_json, read_query
from infra_access.http.security import Context


@dataclass(frozen=True, slots=True)
class Created:
    """Something new: what to show, and the path at which it stands from now on."""

    shown: Any
    location: str


def serve(operation: Operation, context: Context, request: Request) -> Response:
    """Answer one call of an operation."""
    query = load(operation.query, read_query(request))
    sent = request.body if operation.body is not None else b""
    body = load(operation.body, read_json(request) if sent else {}) if operation.body is not None else {}

    def run() -> Response:
        version = expected_version(request, operation.version(context.row)) if operation.version else None
        return _answer(operation, request, operation.view(Call(request, context, clock.now(), body, query, version)))

    if operation.method != "POST" or not operation.writes:
        response = run()
    else:
        fingerprint = f"{request.path}?{request.query_string}\n".encode() + sent
        response = once(request, request.headers.get(HEADER), fingerprint, run, keep_body=operation.keeps_answer)
    return marked(request, response) if response.content_type == JSON and not response.etag else response


def _answer(operation: Operation, request: Request, result: Any) -> Response:
    if isinstance(result, Response):
        return result
    if isinstance(result, Tagged):
        unchanged = is_unchanged(request, result.tag)
        made = Response(status=304) if unchanged else _answer(operation, request, result.make())
        return marked(request, made, result.tag)
    location = None
    if isinstance(result, Created):
        result, location = result.shown, result.location
    if operation.out is None:
        return Response(status=operation.status)
    # Without the option orjson writes every kind of str as it is, and texts of ours would reach nobody translated.
    encoded = orjson.dumps(
        operation.out.dump(result), default=partial(_plain, request), option=orjson.OPT_PASSTHROUGH_SUBCLASS
    )
    response = Response(encoded, status=operation.status, content_type=JSON, charset=None)
    if location is not None:
        # Absolute, or WebOb would complete it from the Host header, which anybody can write.
        response.headers["Location"] = request.registry["infra_access.settings"].base_url + location
    return response


def _plain(request: Request, value: Any) -> Any:
    """Return what JSON knows: of a text its words for this reader, of any other subclass what it is besides."""
    if isinstance(value, TranslationString):
        return request.localize(value)
    if isinstance(value, str | int):
        return str(value) if isinstance(value, str) else int(value)
    if isinstance(value, dict):
        return dict(value)
    if isinstance(value, list | tuple):
        return list(value)
    raise TypeError(type(value).__name__)
