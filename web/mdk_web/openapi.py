"""Owns the OpenAPI document: what the framework cannot see of bodies, headers, queries and refusals is added here."""

from dataclasses import dataclass, field
from typing import Any

import msgspec
from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.spec import OpenAPIMediaType, OpenAPIResponse, Parameter, Reference, RequestBody, Schema

from mdk_web.errors import API_TITLES, PROBLEM_JSON, ProblemDetail

_REFERENCE = "#/components/schemas/{name}"
_ALWAYS = (400, 401, 403, 404, 429, 503)
_WITH_BODY = (409, 413)
_WITH_VERSION = (412, 428)
_CHANGED = "Patch"  # the ending of a schema that describes a merge patch
_ID = {"type": "string", "pattern": "^[0-9A-Za-z-]{1,64}$"}
_VERSION = {"type": "string", "pattern": '^(W/)?("[0-9]{1,9}"|[0-9]{1,9})$', "examples": ['"3"']}
_KEY = {"type": "string", "minLength": 1, "maxLength": 200}
_FILE_FORM = {
    "type": "object",
    "properties": {"file": {"type": "string", "format": "binary"}},
    "required": ["file"],
}

Json = dict[str, Any]


@dataclass
class _Plain(Schema):
    """A JSON schema that is passed on as it is."""

    plain: Json = field(default_factory=dict)

    def to_schema(self) -> Json:
        return self.plain


def takes(
    kind: type[msgspec.Struct], *, versioned: bool = False, idempotent: bool = False, merge: bool = False
) -> Json:
    """Handler options: the struct of its JSON body (with `merge` a patch of it), and the headers that it reads."""
    return {"body": kind, "versioned": versioned, "idempotent": idempotent, "merge": merge}


def asks(kind: type[msgspec.Struct]) -> Json:
    """Handler options: the struct that its query holds."""
    return {"query": kind}


def takes_file() -> Json:
    """Handler options: a form with one file in its field `file`."""
    return {"file": True, "idempotent": True}


def gives(*media_types: str) -> Json:
    """Handler options: an answer that is a file of one of these kinds."""
    return {"gives": media_types}


def by_state() -> Json:
    """Handler options: a read that the state of things may refuse."""
    return {"by_state": True}


def complete(app: Litestar) -> None:
    """Add bodies, headers, queries and refusals to the served document, and describe every struct as it is read."""
    document = app.openapi_schema
    described = [handler for handler in _handlers(app) if handler.resolve_include_in_schema()]
    shown = [kind for handler in described for kind in _kinds(handler)]
    asked = [handler.opt["query"] for handler in described if "query" in handler.opt]
    schemas = _schemas([*shown, ProblemDetail])
    for handler in described:
        if handler.opt.get("merge"):
            _add_changed(schemas, handler.opt["body"].__name__)
    whole = {kind.__name__ for handler in described if not handler.opt.get("merge") for kind in _kinds(handler)}
    for handler in described:
        if handler.opt.get("merge") and handler.opt["body"].__name__ not in whole:
            schemas.pop(handler.opt["body"].__name__, None)
    document.components.schemas = {name: _Plain(plain=schema) for name, schema in sorted(schemas.items())}
    queries = _schemas(asked)
    for route in app.routes:
        for handler in getattr(route, "route_handlers", ()):
            if handler in described:
                item = (document.paths or {})[route.path_format]
                for method in handler.http_methods & {"GET", "POST", "PUT", "PATCH"}:
                    _complete(getattr(item, method.lower()), handler, queries)


def _complete(operation: Any, handler: HTTPRouteHandler, queries: Json) -> None:
    options, refusals = handler.opt, list(_ALWAYS)
    parameters = list(operation.parameters or [])
    for parameter in parameters:
        parameter.schema = _Plain(plain=_ID)
    if "query" in options:
        asked = queries[options["query"].__name__]
        needed = asked.get("required", ())
        for name, schema in asked["properties"].items():
            parameters.append(_parameter(name, "query", _given(schema), required=name in needed))
            parameters[-1].allow_empty_value = name not in needed  # what is empty counts as not given
    if "body" in options:
        operation.request_body, refusals = _body(options), [*refusals, *_WITH_BODY]
    if "file" in options:
        form = OpenAPIMediaType(schema=_Plain(plain=_FILE_FORM))
        operation.request_body = RequestBody(content={"multipart/form-data": form}, required=True)
        refusals += _WITH_BODY
    if "gives" in options:
        file = OpenAPIMediaType(schema=_Plain(plain={"type": "string", "format": "binary"}))
        operation.responses["200"].content = dict.fromkeys(options["gives"], file)
    if options.get("by_state"):
        refusals.append(409)
    if options.get("versioned"):
        parameters.append(_parameter("If-Match", "header", _VERSION, required=True))
        refusals += _WITH_VERSION
    if options.get("idempotent"):
        parameters.append(_parameter("Idempotency-Key", "header", _KEY))
    operation.parameters = parameters or None
    operation.responses |= {str(status): _refusal(status) for status in sorted(refusals)}


def _body(options: Json) -> RequestBody:
    name = options["body"].__name__ + (_CHANGED if options["merge"] else "")
    content = OpenAPIMediaType(schema=Reference(ref=_REFERENCE.format(name=name)))
    forms = ["application/json", *(["application/merge-patch+json"] if options["merge"] else [])]
    may_be_empty = options["body"].__struct_fields__ == ()
    return RequestBody(content=dict.fromkeys(forms, content), required=not may_be_empty)


def _refusal(status: int) -> OpenAPIResponse:
    problem = OpenAPIMediaType(schema=Reference(ref=_REFERENCE.format(name=ProblemDetail.__name__)))
    return OpenAPIResponse(description=API_TITLES[status], content={PROBLEM_JSON: problem})


def _parameter(name: str, place: str, schema: Json, *, required: bool = False) -> Parameter:
    return Parameter(name=name, param_in=place, required=required, schema=_Plain(plain=schema))


def _schemas(kinds: list[type[msgspec.Struct]]) -> Json:
    _, schemas = msgspec.json.schema_components(list(dict.fromkeys(kinds)), ref_template=_REFERENCE)
    return dict(schemas)


def _given(schema: Json) -> Json:
    """The schema of a value that is given: a query has no null."""
    options = [option for option in schema.get("anyOf", ()) if option != {"type": "null"}]
    return options[0] if len(options) == 1 else {key: value for key, value in schema.items() if value is not None}


def _add_changed(schemas: Json, name: str) -> None:
    """Add the schema of a merge patch (RFC 7396): every field may be left out or null, lists are replaced whole."""
    if name + _CHANGED in schemas:
        return
    whole = schemas[name]
    schemas[name + _CHANGED] = changed = {**whole, "title": name + _CHANGED, "properties": {}}
    changed.pop("required", None)
    for field_name, schema in whole["properties"].items():
        changed["properties"][field_name] = {"anyOf": [_changed(schemas, schema), {"type": "null"}]}


def _changed(schemas: Json, schema: Json) -> Json:
    if "anyOf" in schema:
        return {"anyOf": [_changed(schemas, option) for option in schema["anyOf"]]}
    name = schema.get("$ref", "").rpartition("/")[2]
    if not name or "properties" not in schemas[name]:
        return {key: value for key, value in schema.items() if key != "default"}
    _add_changed(schemas, name)
    return {"$ref": _REFERENCE.format(name=name + _CHANGED)}


def _kinds(handler: HTTPRouteHandler) -> list[type[msgspec.Struct]]:
    """The structs that a handler takes and gives."""
    given = handler.parsed_fn_signature.return_type.annotation
    kinds = [handler.opt["body"]] if "body" in handler.opt else []
    return [*kinds, given] if isinstance(given, type) and issubclass(given, msgspec.Struct) else kinds


def _handlers(app: Litestar) -> list[HTTPRouteHandler]:
    return [
        handler
        for route in app.routes
        for handler in getattr(route, "route_handlers", ())
        if isinstance(handler, HTTPRouteHandler)
    ]
