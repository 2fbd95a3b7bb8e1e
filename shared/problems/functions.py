"""Packages of function problems: the block `function` of assay.yaml, and data that is of it.

Test data stays what it is in every package. Here it is checked that each `.in` holds the
arguments and each `.ans` the right value, so that judging never meets one that does not.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec import structs

from shared.problems.metadata import ASSAY_YAML
from shared.problems.model import File, Package, PackageError
from shared.problems.tree import Tree
from shared.signatures import (
    LANGUAGES,
    MAX_VALUE_BYTES,
    Signature,
    SignatureError,
    ValueRefused,
    parse_signature,
    read_answers,
    read_arguments,
)


def signature_of(package: Package) -> Signature | None:
    """The signature of a function problem; None for any other.

    Raises:
        PackageError: the block is none.
    """
    block = package.extension.function
    if block is None:
        return None
    try:
        return parse_signature(block)
    except SignatureError as error:
        raise PackageError(ASSAY_YAML, error.path, error.why) from None


def check_function(tree: Tree, package: Package) -> Package:
    """A function problem, for languages that functions can be called in; any other as it is.

    Raises:
        PackageError: it makes no sense, or not all of its data is of its signature.
    """
    signature = signature_of(package)
    if signature is None:
        return package
    for what, there in (
        ("an interactive problem", package.interactive),
        ("a multi-pass problem", package.multi_pass),
        ("a problem with a validator of its own", not package.validation.is_default),
    ):
        if there:
            raise PackageError(ASSAY_YAML, "function", f"does not go with {what}")
    for case in package.cases:
        _check(tree, case.input, signature, read_arguments)
        _check(tree, case.answer, signature, read_answers)
    languages = LANGUAGES if package.languages is None else LANGUAGES & set(package.languages)
    if not languages:
        listed = ", ".join(sorted(LANGUAGES))
        raise PackageError("problem.yaml", "languages", f"functions can be called in {listed}")
    return structs.replace(package, languages=tuple(sorted(languages)))


def _check(
    tree: Tree, file: File, signature: Signature, read: Callable[[Signature, bytes], object]
) -> None:
    if file.size > MAX_VALUE_BYTES:
        reason = f"has {file.size} bytes; {MAX_VALUE_BYTES} are allowed here"
        raise PackageError(file.path, "", reason)
    try:
        read(signature, b"".join(tree.chunks(file.path)))
    except ValueRefused as error:
        raise PackageError(file.path, error.path, error.why) from None
