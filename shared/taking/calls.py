"""Admission of `call`: a function, its arguments, and the values that are right.

What comes out are tests as any other: arguments are a test's stdin, a JSON value on a line
each; right values are its expected output, `{"anyOf": [...]}`. Written by us, not as
they came: one value may have been written on many lines.
"""

from __future__ import annotations

import json
from typing import Any

import msgspec

from shared.errors import InvalidField
from shared.languages import Language
from shared.limits import MAX_TESTS
from shared.models import Call, CallCaseRequest, CallRequest, CaseRequest, Comparison, SubmitRequest
from shared.signatures import (
    DYNAMIC,
    LANGUAGES,
    Signature,
    SignatureError,
    ValueRefused,
    check_arguments,
    check_plain,
    parse_name,
    parse_signature,
    read_answers,
    read_json,
)

_ELSEWHERE = (
    "a call has no stdin, args, expectedOutput, collect, comparison, checker and tests of its own"
)


def check_call(request: SubmitRequest, asked: CallRequest, language: Language) -> Call:
    """The call that is asked for.

    Raises:
        InvalidField: with the path of the first thing that cannot be honoured.
    """
    others = (request.stdin, request.args, request.collect, request.tests, request.checker)
    if any(others) or request.expected_output is not None or request.comparison != Comparison():
        raise InvalidField(_ELSEWHERE, field="call")
    if language.name not in LANGUAGES:
        listed = ", ".join(sorted(LANGUAGES))
        why = f"functions cannot be called in {language.name}; in these they can: {listed}"
        raise InvalidField(why, field="language")
    if not asked.tests:
        raise InvalidField("there are no tests", field="call.tests")
    if len(asked.tests) > MAX_TESTS:
        why = f"{len(asked.tests)} tests; {MAX_TESTS} are allowed"
        raise InvalidField(why, field="call.tests")
    if asked.signature is None and language.name not in DYNAMIC:
        why = f"{language.title} has to know the types: a signature is needed"
        raise InvalidField(why, field="call.signature")
    try:
        parse_name(asked.function, "call.function")
        block = _block(asked)
        if block is not None:
            parse_signature(block, "call.signature")
    except SignatureError as error:
        raise InvalidField(str(error), field=error.path[:128]) from None
    return Call(function=asked.function, signature=block)


def _block(asked: CallRequest) -> dict[str, Any] | None:
    if asked.signature is None:
        return None
    block = {"name": asked.function, **asked.signature}
    if block["name"] != asked.function:
        raise SignatureError("call.signature.name", f"is not {asked.function}")
    return block


def cases(asked: CallRequest, call: Call) -> list[CaseRequest]:
    """Its tests as any program's are.

    Raises:
        InvalidField: with the path of the first value that is not of its type.
    """
    signature = None if call.signature is None else parse_signature(call.signature)
    return [_case(test, signature, f"call.tests[{at}]") for at, test in enumerate(asked.tests)]


def _case(test: CallCaseRequest, signature: Signature | None, field: str) -> CaseRequest:
    args = [_read(raw, f"{field}.args[{at}]") for at, raw in enumerate(test.args)]
    try:
        if signature is None:
            check_plain(args, f"{field}.args")
        else:
            check_arguments(signature, args, f"{field}.args")
    except ValueRefused as error:
        raise InvalidField(str(error), field=(error.path or field)[:128]) from None
    return CaseRequest(
        name=test.name,
        stdin="".join(f"{json.dumps(value)}\n" for value in args),
        expected_output=_answers(test, signature, field),
        limits=test.limits,
        points=test.points,
    )


def _answers(test: CallCaseRequest, signature: Signature | None, field: str) -> str | None:
    values = [_read(raw, f"{field}.anyOf[{at}]") for at, raw in enumerate(test.any_of)]
    given = not isinstance(test.expected, msgspec.UnsetType)
    if given and values:
        raise InvalidField("there is expected, or anyOf; not both", field=f"{field}.anyOf")
    if not isinstance(test.expected, msgspec.UnsetType):
        values = [_read(test.expected, f"{field}.expected")]
    if not values:
        return None
    text = json.dumps({"anyOf": values})
    try:
        read_answers(signature, text.encode())
    except ValueRefused as error:
        place = error.path or "anyOf"
        if given:
            place = place.replace("anyOf[0]", "expected", 1).replace("anyOf", "expected", 1)
        raise InvalidField(f"{field}.{place} {error.why}", field=f"{field}.{place}"[:128]) from None
    return text


def _read(raw: msgspec.Raw, field: str) -> Any:  # noqa: ANN401 - any JSON
    try:
        return read_json(bytes(raw))
    except ValueRefused as error:
        raise InvalidField(f"{field} {error.why}", field=field) from None
