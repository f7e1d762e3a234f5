"""The OpenAPI 3.1 document, made from the same declarations that serve the requests."""

import re
from typing import Any

import orjson
from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from marshmallow import Schema, fields
from pyramid.config import Configurator
from pyramid.request import Request
from pyramid.response import Response
from pyramid.security import NO_PERMISSION_REQUIRED

from infra_access.api.conditional import marked
from infra_access.api.contract import JSON, OPERATIONS, Operation
from infra_access.api.fields import ID_PATTERN, Line, ListOf
from infra_access.api.routes import BASE, ROUTES
from infra_access.api.schemas import Out
from infra_access.core.authority import PERMISSIONS
from infra_access.http.idempotency import MAX_LENGTH

PATH = f"{BASE}/openapi.json"
DOCUMENT = "infra_access.openapi"
PROBLEM = "application/problem+json"
_PATTERNS = {"month": "^[0-9]{4}-[0-9]{2}$"}
"""Of the parts of an address that are no public id."""

_MEANINGS = {
    400: "The request cannot be read.",
    401: "There is no token, or it no longer counts.",
    403: "The token or its owner may not do this; `decision` explains where a policy decided.",
    404: "There is no such thing, or none that the caller may know of.",
    405: "This address does not take the method; Allow lists those it takes.",
    409: "The present state does not allow it; `alternatives` names what would be possible.",
    410: "It was retired.",
    412: "The caller saw an older version.",
    413: "The body is too large.",
    415: "The body is not JSON in UTF-8.",
    422: "The input breaks rules; `errors` names each field.",
    429: "Too often; Retry-After says when to come again.",
    500: "A defect of ours, recorded under the id in the detail.",
    503: "The system is busy; Retry-After says when to come again.",
}


class Problem(Out):
    """A refusal (RFC 9457); beside these keys it may carry what the code promises, such as `decision`."""

    type = Line(most=300)
    title = Line(most=100)
    status = fields.Integer(metadata={"minimum": 400, "maximum": 599})
    detail = Line(most=10_000)
    code = Line("Stable, for programs.", most=100)
    errors = fields.Dict(keys=fields.String(), values=ListOf(Line(most=10_000), most=1_000), metadata={"absent": True})

    class Meta:
        """More may follow."""

        unknown = "include"


def document(operations: list[Operation]) -> dict[str, Any]:
    """Return the document of these operations."""
    plugin = MarshmallowPlugin(schema_name_resolver=_name)
    spec = APISpec(
        title="Infra Access",
        version="1",
        openapi_version="3.1.0",
        info={"description": "Find, ask for and book research instruments across organisations and borders."},
        plugins=[plugin],
        servers=[{"url": "/"}],
    )
    spec.components.security_scheme(
        "token", {"type": "http", "scheme": "bearer", "description": "An API token, ia_..., with scope read or write."}
    )
    paths = {name: path for name, path, _factory in ROUTES}
    by_path: dict[str, dict[str, Any]] = {}
    for operation in operations:
        by_path.setdefault(BASE + paths[operation.route], {})[operation.method.lower()] = _described(operation, plugin)
    for path, described in by_path.items():
        parameters = [_id_parameter(name) for name in re.findall(r"{(\w+)}", path)]
        spec.path(path=path, operations=described, parameters=parameters)
    made: dict[str, Any] = spec.to_dict()
    return made


def _described(operation: Operation, plugin: MarshmallowPlugin) -> dict[str, Any]:
    assert plugin.converter is not None, "the plugin belongs to a document"
    parameters = plugin.converter.schema2parameters(operation.query, location="query")
    if operation.method == "POST" and operation.writes:
        parameters.append(
            _header(
                "Idempotency-Key",
                "A repeat with the same key gets the first call's answer.",
                maxLength=MAX_LENGTH,
                minLength=1,
                pattern="^[!-~]*$",
            )
        )
    if operation.version is not None:
        parameters.append(_header("If-Match", "The ETag that the caller saw; another one by now is a 412."))
    described: dict[str, Any] = {
        "operationId": f"{operation.route.removeprefix('api.')}_{operation.method.lower()}",
        "summary": operation.summary,
        "tags": [operation.route.removeprefix("api.").partition("_")[0]],
        "parameters": parameters,
        "responses": {str(operation.status): _success(operation), **_refusals(operation)},
        "security": [{"token": []}, *([{}] if PERMISSIONS[operation.permission].anyone else [])],
        "x-permission": str(operation.permission),
    }
    if operation.method == "GET":
        described["responses"]["304"] = {"description": "The caller has this already (If-None-Match)."}
    if operation.body is not None:
        described["requestBody"] = {
            "required": bool(operation.body.fields),
            "content": {JSON: {"schema": operation.body}},
        }
    return described


def _success(operation: Operation) -> dict[str, Any]:
    answer: dict[str, Any] = {"description": "Done."}
    if operation.out is not None:
        answer["content"] = {JSON: {"schema": operation.out}}
        answer["headers"] = {"ETag": {"schema": {"type": "string"}, "description": "What If-Match takes."}}
    elif operation.media_type != JSON:
        answer["content"] = {operation.media_type: {"schema": {"type": "string"}}}
    if operation.status in {201, 202}:
        answer["headers"]["Location"] = {"schema": {"type": "string"}, "description": "Where it stands from now on."}
    return answer


def statuses(operation: Operation, path: str) -> set[int]:
    """Return every status of a refusal that an operation can give."""
    found = {400, 401, 405, 413, 422, 429, 500, 503, *operation.errors}
    if "{" in path:
        found.add(404)
    if operation.body is not None:
        found.add(415)
    if operation.writes:
        found |= {403, 409}
    if not PERMISSIONS[operation.permission].anyone:
        found.add(403)
    if operation.version is not None:
        found.add(412)
    return found


def _refusals(operation: Operation) -> dict[str, Any]:
    path = {name: path for name, path, _factory in ROUTES}[operation.route]
    return {
        str(status): {"description": _MEANINGS[status], "content": {PROBLEM: {"schema": Problem}}}
        for status in sorted(statuses(operation, path))
    }


def _id_parameter(name: str) -> dict[str, Any]:
    schema = {"type": "string", "pattern": _PATTERNS.get(name, ID_PATTERN)}
    return {"name": name, "in": "path", "required": True, "schema": schema}


def _header(name: str, description: str, **facts: Any) -> dict[str, Any]:
    schema = {"type": "string", **facts}
    return {"name": name, "in": "header", "required": False, "description": description, "schema": schema}


def _name(schema: Any) -> str:
    cls = schema if isinstance(schema, type) else type(schema)
    name: str = cls.__name__.removesuffix("Out")
    changes = isinstance(schema, Schema) and schema.partial
    return f"{name.removesuffix('Body')}Changes" if changes else name


def show(request: Request) -> Response:
    """Answer the document."""
    made: bytes | None = request.registry.get(DOCUMENT)
    if made is None:
        made = request.registry[DOCUMENT] = orjson.dumps(document(request.registry[OPERATIONS]))
    return marked(request, Response(made, content_type=JSON, charset=None))


def includeme(config: Configurator) -> None:
    """Register the document's address."""
    config.add_route("api.openapi", PATH)
    config.add_view(show, route_name="api.openapi", request_method="GET", permission=NO_PERMISSION_REQUIRED)
