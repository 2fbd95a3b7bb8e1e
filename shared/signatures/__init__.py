"""Function problems: signatures, the values they take, and what is right. Plain data only."""

from __future__ import annotations

from shared.signatures.decide import Decision, decide
from shared.signatures.languages import DYNAMIC, LANGUAGES, RESERVED, RESULT
from shared.signatures.signature import (
    Parameter,
    Signature,
    SignatureError,
    parse_name,
    parse_signature,
)
from shared.signatures.starters import starter, starters
from shared.signatures.types import NODES, Type, parse_type
from shared.signatures.values import (
    MAX_VALUE_BYTES,
    ValueRefused,
    check_arguments,
    check_plain,
    check_test,
    read_answers,
    read_arguments,
    read_json,
)

__all__ = [
    "DYNAMIC",
    "LANGUAGES",
    "MAX_VALUE_BYTES",
    "NODES",
    "RESERVED",
    "RESULT",
    "Decision",
    "Parameter",
    "Signature",
    "SignatureError",
    "Type",
    "ValueRefused",
    "check_arguments",
    "check_plain",
    "check_test",
    "decide",
    "parse_name",
    "parse_signature",
    "parse_type",
    "read_answers",
    "read_arguments",
    "read_json",
    "starter",
    "starters",
]
