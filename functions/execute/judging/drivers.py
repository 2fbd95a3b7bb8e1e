"""What a package places beside a submission (`include/`), and what the program begins with then.

Files of the package come first: where the submission has one of the same name, theirs is taken.
In C, C++ and Java their sources are compiled together with it, and one of them may be a driver: the
file that has the main function. In Java that is `Main.java`, or the first of theirs that has one,
whatever the submission has; in C and C++ the linker knows, and refuses two. Other languages have no
drivers here; a package with a file in the place of the program itself is refused when it is read.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from functions.execute.judging.naming import class_of, file_of, has_main
from functions.execute.judging.programs import Source
from shared.languages import Language
from shared.models import Spec

_CPP = (".cc", ".cpp", ".cxx", ".c++", ".C")
_SUFFIXES = {"c": (".c",), "cpp17": _CPP, "cpp20": _CPP, "java": (".java",)}


def with_included(spec: Spec, language: Language, included: Mapping[str, bytes]) -> Source:
    """A submission and what its package places beside it."""
    suffixes = _SUFFIXES.get(language.name, ())
    theirs = [name for name in sorted(included) if suffixes and name.endswith(suffixes)]
    own = spec.entry or _file_of(language, spec.code, {*spec.files, *included})
    files = {**spec.files, own: spec.code.encode(), **included}
    if not theirs:
        return Source(files=files, entry=own, sources=tuple(spec.sources))
    entry = (_java_driver(theirs, included) if language.name == "java" else "") or own
    sources = dict.fromkeys([entry, *(spec.sources or [own]), *theirs])
    return Source(files=files, entry=entry, sources=tuple(sources))


def _java_driver(theirs: list[str], included: Mapping[str, bytes]) -> str:
    """The file of theirs that it begins with; empty if there is none."""
    if "Main.java" in theirs:
        return "Main.java"
    with_main = (name for name in theirs if has_main(included[name].decode("utf-8", "replace")))
    return next(with_main, "")


def _file_of(language: Language, code: str, taken: Collection[str]) -> str:
    """Where the submission goes: never into the place of a driver."""
    file = file_of(language, code, taken)
    if language.name == "java" and not has_main(code) and (name := class_of(code)).isascii():
        file = f"{name}.java" if name else file
    if file not in taken:
        return file
    return f"Submission_.{file.rpartition('.')[2]}"
