"""Owns the OpenAPI document: what the framework cannot see of bodies, headers and refusals is added here."""

from dataclasses import dataclass, field
from typing import Any

import msgspec
from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.spec import OpenAPIMediaType, OpenAPIResponse, Parameter, Reference, RequestBody, Schema

from mdk_web.errors import PROBLEM_JSON, TITLES, ProblemDetail

_REFERENCE = "#/components/schemas/{name}"
_REFUSALS = (400, 401, 403, 404, 409, 412, 413, 428, 503)


@dataclass
class _Plain(Schema):
    """A JSON schema that is passed on as it is."""

    plain: dict[str, Any] = field(default_factory=dict)

    def to_schema(self) -> dict[str, Any]:
        return self.plain


def takes(kind: type[msgspec.Struct], *, versioned: bool = False) -> dict[str, Any]:
    """Handler options: the struct that its JSON body holds, and whether it needs If-Match."""
    return {"body": kind, "versioned": versioned}


def complete(app: Litestar) -> None:
    """Add request bodies, If-Match and the refusals to the served document."""
    document = app.openapi_schema
    components = document.components
    kinds = _body_kinds(app)
    _, schemas = msgspec.json.schema_components([*kinds, ProblemDetail], ref_template=_REFERENCE)
    components.schemas |= {
        name: _Plain(plain=schema) for name, schema in schemas.items() if name not in components.schemas
    }
    for path, item in (document.paths or {}).items():
        for method in ("get", "post", "put", "patch"):
            operation = getattr(item, method)
            if operation is not None and path.startswith("/api/"):
                _complete(operation, _options_of(app, path, method))


def _complete(operation: Any, options: dict[str, Any]) -> None:
    kind = options.get("body")
    if kind is not None:
        reference = Reference(ref=_REFERENCE.format(name=kind.__name__))
        operation.request_body = RequestBody(
            content={"application/json": OpenAPIMediaType(schema=reference)}, required=True
        )
    if options.get("versioned"):
        header = Parameter(name="If-Match", param_in="header", required=True, schema=_Plain(plain={"type": "string"}))
        operation.parameters = [*(operation.parameters or []), header]
    problem = {PROBLEM_JSON: OpenAPIMediaType(schema=Reference(ref=_REFERENCE.format(name="ProblemDetail")))}
    operation.responses = operation.responses or {}
    for status in _REFUSALS:
        operation.responses[str(status)] = OpenAPIResponse(description=TITLES[status], content=problem)


def _body_kinds(app: Litestar) -> list[type[msgspec.Struct]]:
    found = [handler.opt["body"] for handler in _handlers(app) if "body" in handler.opt]
    return list(dict.fromkeys(found))


def _options_of(app: Litestar, path: str, method: str) -> dict[str, Any]:
    for route in app.routes:
        if getattr(route, "path_format", "") == path:
            for handler in getattr(route, "route_handlers", ()):
                if method.upper() in handler.http_methods:
                    options: dict[str, Any] = handler.opt
                    return options
    return {}


def _handlers(app: Litestar) -> list[HTTPRouteHandler]:
    return [
        handler
        for route in app.routes
        for handler in getattr(route, "route_handlers", ())
        if isinstance(handler, HTTPRouteHandler)
    ]
