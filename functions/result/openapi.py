"""The OpenAPI 3.1 description: schemas from the wire models, paths from one table."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import msgspec

from shared import answers, limits
from shared.models import Result, SubmitRequest

_JSON = "application/json"

_MODELS: tuple[type[msgspec.Struct], ...] = (
    SubmitRequest,
    Result,
    answers.Accepted,
    answers.Cancelled,
    answers.Code,
    answers.Rejudged,
    answers.Languages,
    answers.Status,
    answers.Health,
    answers.Problem,
)

_WAIT = {
    "name": "wait",
    "in": "query",
    "description": "seconds to wait for the end",
    "schema": {"type": "number", "minimum": 0, "maximum": limits.MAX_WAIT_S},
}
_LAST_EVENT_ID = {
    "name": "Last-Event-ID",
    "in": "header",
    "description": "the id of the last event received: the stream goes on after it",
    "schema": {"type": "string"},
}
_AFTER = {
    "name": "after",
    "in": "query",
    "description": "the same, for clients that cannot set the header",
    "schema": {"type": "string"},
}

_WAIT_FOR_EVENTS = {
    **_WAIT,
    "description": "for Accept: application/json, the seconds to wait for an event",
}
_EVENT_PAGE = {
    "type": "object",
    "required": ["events", "cursor", "end"],
    "properties": {
        "events": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["id", "event", "data"],
                "properties": {
                    "id": {"type": "string"},
                    "event": {"type": "string"},
                    "data": {"type": "object"},
                },
            },
        },
        "cursor": {"type": ["string", "null"]},
        "end": {"type": "boolean"},
    },
}

_EVENTS = {
    "text/event-stream": {"schema": {"type": "string"}},
    _JSON: {"schema": _EVENT_PAGE},
}

#: method, path, summary, {status: answer model or (description, content)}, query and headers
_PATHS: tuple[tuple[str, str, str, dict[str, Any], list[dict[str, Any]]], ...] = (
    (
        "post",
        "/submit",
        "Submit a program",
        {"202": answers.Accepted, "200": Result},
        [_WAIT],
    ),
    ("delete", "/submission/{id}", "Cancel what is not finished", {"200": answers.Cancelled}, []),
    (
        "post",
        "/submission/{id}/rejudge",
        "Judge what is finished once more; the verdict so far goes into its history",
        {"202": answers.Accepted},
        [],
    ),
    ("get", "/submission/{id}/code", "What was sent in", {"200": answers.Code}, []),
    (
        "post",
        "/problems/{id}/rejudge",
        "Judge all finished submissions to an installed problem again (admin)",
        {"202": answers.Rejudged},
        [],
    ),
    ("get", "/languages", "What can be submitted", {"200": answers.Languages}, []),
    (
        "get",
        "/result/{id}",
        "A submission by its id, or the latest one for a problem id",
        {"200": Result},
        [_WAIT],
    ),
    (
        "get",
        "/events/{id}",
        "The events of a submission, a batch or `me` as they happen; as JSON by long-poll",
        {
            "200": ("events", _EVENTS),
            "204": ("nothing more will come: do not reconnect", {}),
        },
        [_LAST_EVENT_ID, _AFTER, _WAIT_FOR_EVENTS],
    ),
    (
        "get",
        "/socket",
        "The same events over a WebSocket",
        {"101": ("switched to the WebSocket protocol", {})},
        [],
    ),
    ("get", "/status", "Queue, slots, workers, isolation", {"200": answers.Status}, []),
    ("get", "/healthz", "This process is alive", {"200": answers.Health}, []),
    ("get", "/readyz", "Redis answers and a worker is alive", {"200": answers.Health}, []),
    (
        "get",
        "/openapi.json",
        "This description",
        {"200": ("OpenAPI 3.1", {_JSON: {"schema": {"type": "object"}}})},
        [],
    ),
)


@cache
def document() -> dict[str, Any]:
    """The whole description, ready to be encoded."""
    _, schemas = msgspec.json.schema_components(_MODELS, ref_template="#/components/schemas/{name}")
    _add_ranges(schemas["LimitsRequest"]["properties"])
    paths: dict[str, dict[str, Any]] = {}
    for method, path, summary, responses, parameters in _PATHS:
        paths.setdefault(path, {})[method] = _operation(path, summary, responses, parameters)
    request = {"required": True, "content": {_JSON: {"schema": _reference(SubmitRequest)}}}
    paths["/submit"]["post"]["requestBody"] = request
    return {
        "openapi": "3.1.0",
        "info": {"title": "Assay", "version": "1"},
        "paths": paths,
        "components": {"schemas": schemas},
    }


def _operation(
    path: str, summary: str, responses: dict[str, Any], parameters: list[dict[str, Any]]
) -> dict[str, Any]:
    in_path = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"{(\w+)}", path)
    ]
    problem = {"application/problem+json": {"schema": _reference(answers.Problem)}}
    return {
        "summary": summary,
        "parameters": in_path + parameters,
        "responses": {
            **{status: _response(what) for status, what in responses.items()},
            "default": {"description": "a problem", "content": problem},
        },
    }


def _response(what: Any) -> dict[str, Any]:  # noqa: ANN401 - a row's model or its own words
    if isinstance(what, tuple):
        description, content = what
        return {"description": description, "content": content}
    return {"description": what.__name__, "content": {_JSON: {"schema": _reference(what)}}}


def _reference(model: type) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{model.__name__}"}


def _add_ranges(properties: dict[str, Any]) -> None:
    """The table of limits is not in the model's types; here it is told."""
    for name, row in limits.LIMITS.items():
        properties[name] |= {"minimum": row.least, "maximum": row.most}
