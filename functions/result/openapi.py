"""The OpenAPI 3.1 description: schemas from the wire models, paths from one table."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import msgspec

from functions.result import openapi_people
from shared import answers, limits, once
from shared.forgetting import Forgotten
from shared.models import BatchItem, Result, SubmitRequest
from shared.operations import OPERATIONS, Drained, Overview, Replayed
from shared.problems.answers import (
    ProblemDeleted,
    ProblemInstalled,
    ProblemList,
    ProblemPage,
)
from shared.webhooks import WebhookInfo

_JSON = "application/json"

_MODELS: tuple[type[msgspec.Struct], ...] = (
    SubmitRequest,
    BatchItem,
    Result,
    answers.Accepted,
    answers.Cancelled,
    Forgotten,
    answers.Code,
    answers.Rejudged,
    answers.BatchAccepted,
    answers.BatchSummary,
    answers.BatchLine,
    answers.Languages,
    answers.Status,
    answers.Health,
    answers.Ticket,
    WebhookInfo,
    answers.Problem,
    ProblemList,
    ProblemPage,
    ProblemInstalled,
    ProblemDeleted,
    *openapi_people.MODELS,
    *OPERATIONS,
)

_WAIT = {
    "name": "wait",
    "in": "query",
    "description": "seconds to wait for the end",
    "schema": {"type": "number", "minimum": 0, "maximum": limits.MAX_WAIT_S},
}
_TOKEN = {
    "name": "token",
    "in": "query",
    "required": True,
    "description": "as the runner printed it",
    "schema": {"type": "string"},
}
_TICKET = {
    "name": "ticket",
    "in": "query",
    "description": "from POST /ticket, for browsers, which cannot set headers here",
    "schema": {"type": "string"},
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

_IDEMPOTENCY_KEY = {
    "name": once.HEADER,
    "in": "header",
    "description": "the same key with the same body within a day is the same submission",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
}
_POSITION = {
    "name": "after",
    "in": "query",
    "description": "the position of the last line received: the results go on after it",
    "schema": {"type": "integer", "minimum": 0},
}
_FOLLOW = {
    "name": "follow",
    "in": "query",
    "description": "false: only what has ended by now",
    "schema": {"type": "boolean"},
}
_BATCH_BODY = {
    "required": True,
    "content": {
        _JSON: {
            "schema": {
                "type": "object",
                "required": ["submissions"],
                "properties": {
                    "submissions": {
                        "type": "array",
                        "minItems": 1,
                        "maxItems": limits.MAX_BATCH,
                        "items": {"$ref": "#/components/schemas/BatchItem"},
                    }
                },
            }
        },
        "application/x-ndjson": {"schema": {"$ref": "#/components/schemas/BatchItem"}},
    },
}

_NDJSON = {"application/x-ndjson": {"schema": {"$ref": "#/components/schemas/BatchLine"}}}


def _query(name: str, description: str, kind: str = "string") -> dict[str, Any]:
    return {"name": name, "in": "query", "description": description, "schema": {"type": kind}}


_LIST = [
    _query("search", "words that occur in the id or a name"),
    _query("tag", "a tag it has; several: all of them"),
    _query("difficulty", "easy, medium or hard"),
]
_INSTALL = [
    _query("id", "its id; else the name of the folder in the zip"),
    _query("timeLimitMs", "its time limit, whatever the package says", "integer"),
]

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
        [_WAIT, _IDEMPOTENCY_KEY],
    ),
    ("delete", "/submission/{id}", "Cancel what is not finished", {"200": answers.Cancelled}, []),
    ("delete", "/submission/{id}/record", "Forget it, everywhere", {"200": Forgotten}, []),
    ("delete", "/batch/{id}/record", "Forget it and all of it", {"200": Forgotten}, []),
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
    ("get", "/problems/{id}/rejudge", "How far that is", {"200": answers.Rejudged}, []),
    (
        "post",
        "/batch",
        "Submit many programs, as JSON or line by line",
        {"202": answers.BatchAccepted},
        [_IDEMPOTENCY_KEY],
    ),
    ("get", "/batch/{id}", "How far a batch is", {"200": answers.BatchSummary}, []),
    ("delete", "/batch/{id}", "Cancel what has not ended", {"200": answers.BatchSummary}, []),
    (
        "get",
        "/batch/{id}/results",
        "Its results in the order in which they end, a line of JSON each",
        {"200": ("lines of BatchLine", _NDJSON)},
        [_POSITION, _FOLLOW],
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
        [_LAST_EVENT_ID, _AFTER, _WAIT_FOR_EVENTS, _TICKET],
    ),
    (
        "get",
        "/socket",
        "The same events over a WebSocket",
        {"101": ("switched to the WebSocket protocol", {})},
        [],
    ),
    ("get", "/problems", "The installed problems", {"200": ProblemList}, _LIST),
    (
        "post",
        "/problems",
        "Install a problem package, a zip (admin)",
        {"201": ProblemInstalled, "200": ProblemInstalled},
        _INSTALL,
    ),
    (
        "get",
        "/problems/{id}",
        "A problem: statement, samples, limits, languages, starters",
        {"200": ProblemPage},
        [_query("language", "of the statement")],
    ),
    (
        "post",
        "/problems/{id}/examples/{name}",
        "Judge an example submission of the package on all its tests (admin)",
        {"202": answers.Accepted},
        [],
    ),
    ("delete", "/problems/{id}", "Take a problem off the list", {"200": ProblemDeleted}, []),
    (
        "get",
        "/problems/{id}/files/{name}",
        "An attachment, a picture, a PDF or a sample",
        {"200": ("the file", {"application/octet-stream": {}}), "304": ("you have it", {})},
        [],
    ),
    ("get", "/status", "Queue, slots, workers, isolation", {"200": answers.Status}, []),
    (
        "get",
        "/webhooks",
        "What signs one's webhooks, and which could not be delivered",
        {"200": WebhookInfo},
        [],
    ),
    *openapi_people.PATHS,
    ("get", "/admin/overview", "The whole service (operator)", {"200": Overview}, []),
    (
        "post",
        "/admin/workers/{id}/drain",
        "Let a worker finish what it holds and take nothing more (operator)",
        {"200": Drained},
        [],
    ),
    (
        "delete",
        "/admin/workers/{id}/drain",
        "Let a worker take work again (operator)",
        {"200": Drained},
        [],
    ),
    (
        "post",
        "/admin/dead-letters/{id}/replay",
        "Send a webhook that was given up again (operator)",
        {"202": Replayed},
        [],
    ),
    (
        "delete",
        "/admin/dead-letters/{id}",
        "Drop a webhook that was given up (operator)",
        {"204": ("dropped", {})},
        [],
    ),
    ("post", "/ticket", "A ticket that opens one stream", {"200": answers.Ticket}, []),
    (
        "get",
        "/login",
        "Sign a browser in with a one-time token",
        {"303": ("signed in: on to the page", {})},
        [_TOKEN],
    ),
    ("post", "/logout", "End the session", {"204": ("signed out", {})}, []),
    (
        "get",
        "/metrics",
        "Metrics for Prometheus (operator, or the scraper's token)",
        {"200": ("text format 0.0.4", {"text/plain": {"schema": {"type": "string"}}})},
        [],
    ),
    ("get", "/healthz", "This process is alive", {"200": answers.Health}, []),
    ("get", "/readyz", "What this process needs answers", {"200": answers.Health}, []),
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
    paths["/batch"]["post"]["requestBody"] = _BATCH_BODY
    for (method, path), model in openapi_people.BODIES.items():
        body = {"required": True, "content": {_JSON: {"schema": _reference(model)}}}
        paths[path][method]["requestBody"] = body
    package = {"application/zip": {"schema": {"type": "string", "format": "binary"}}}
    paths["/problems"]["post"]["requestBody"] = {"required": True, "content": package}
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
