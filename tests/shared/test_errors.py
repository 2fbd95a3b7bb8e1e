"""Every error has one shape, one status and one type, whatever caused it."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
import redis.exceptions

from shared import errors
from shared.errors import AssayError, Overloaded, from_exception


def family(base: type[AssayError]) -> Iterator[type[AssayError]]:
    """A class and all that are derived from it."""
    yield base
    for child in base.__subclasses__():
        yield from family(child)


OURS = [cls for cls in family(AssayError) if cls.__module__ == errors.__name__]
REDIS = [
    cls
    for cls in vars(redis.exceptions).values()
    if isinstance(cls, type) and issubclass(cls, redis.exceptions.RedisError)
]


@pytest.mark.parametrize("cls", OURS)
def test_an_error_of_ours_is_told_as_it_is(cls: type[AssayError]) -> None:
    error = cls("limits.cpuTimeMs is wrong", field="limits.cpuTimeMs")
    assert from_exception(error) is error
    assert error.document() == {
        "type": f"urn:assay:error:{cls.slug}",
        "title": cls.title,
        "status": cls.status,
        "detail": "limits.cpuTimeMs is wrong",
        "field": "limits.cpuTimeMs",
    }


@pytest.mark.parametrize(
    ("detail", "field", "told"),
    [
        ("is not base64", "data", "data: is not base64"),
        ("the id is invalid", "id", "the id is invalid"),
        ("invalid", "id", "id: invalid"),
        ("the language 'x' is not known", "checker.language", "checker.language: the language"),
        ("Idempotency-Key must be given once", "Idempotency-Key", "Idempotency-Key must"),
        ("tests[1].args is long", "tests[1].args", "tests[1].args is long"),
    ],
)
def test_a_field_that_is_wrong_is_named_in_the_sentence_as_well(
    detail: str, field: str, told: str
) -> None:
    document = errors.InvalidField(detail, field=field).document()
    assert document["detail"].startswith(told)
    assert document["field"] == field


@pytest.mark.parametrize("cls", OURS)
def test_an_error_without_details_still_says_something(cls: type[AssayError]) -> None:
    document = cls().document()
    assert document["detail"] == document["title"] != ""
    assert "field" not in document


def test_types_are_unique_and_statuses_are_those_of_the_tree() -> None:
    told = [cls for cls in OURS if cls not in (AssayError, errors.Internal)]
    assert len({cls.slug for cls in told}) == len(told)
    tree = dict(re.findall(r"[├└]── (\w+) +(\d{3})", errors.__doc__ or ""))
    assert tree == {cls.__name__: str(cls.status) for cls in OURS if cls is not AssayError}


#: What a living Redis answers to a call that is wrong: no outage, and no better a minute later.
MISTAKES = {
    cls
    for cls in REDIS
    if issubclass(cls, redis.exceptions.ResponseError)
    and not issubclass(
        cls,
        redis.exceptions.OutOfMemoryError
        | redis.exceptions.ReadOnlyError
        | redis.exceptions.ClusterDownError
        | redis.exceptions.ConnectionError,
    )
}


@pytest.mark.parametrize("cls", REDIS)
def test_a_redis_that_is_away_is_a_503_and_a_wrong_call_is_our_500(
    cls: type[redis.exceptions.RedisError],
) -> None:
    error = cls.__new__(cls)
    Exception.__init__(error, "secret detail of the store")
    found = from_exception(error)
    assert found.status == (500 if cls in MISTAKES else 503)
    assert (found.retry_after_s > 0) == (found.status == 503)
    assert "secret" not in found.detail


def test_a_full_redis_is_an_overload_not_an_outage() -> None:
    assert isinstance(from_exception(redis.exceptions.OutOfMemoryError("OOM")), Overloaded)


@pytest.mark.parametrize("error", [ConnectionRefusedError(), TimeoutError()])
def test_a_store_that_is_away_is_a_503(error: Exception) -> None:
    assert from_exception(error).status == 503


@pytest.mark.parametrize("error", [ValueError("secret"), KeyError("secret"), Exception("secret")])
def test_what_we_did_not_foresee_is_a_500_that_tells_nothing(error: Exception) -> None:
    found = from_exception(error)
    assert (found.status, found.slug) == (500, "internal")
    assert "secret" not in str(found.document())
