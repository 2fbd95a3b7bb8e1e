"""Programs of a package: which files, which language, where they begin.

| suffix                                | language (shared/languages)                      |
|---------------------------------------|--------------------------------------------------|
| .c++ .C beside the usual ones         | cpp20                                            |
| .py3                                  | python                                           |
| .py with `#!...python2`               | none: Python 2 is not offered                    |
| .pl                                   | perl where it looks like Perl, else prolog       |
| anything else                         | as the language's own file says                  |

Headers and other files without a language are placed beside the sources, but not compiled.
"""

from __future__ import annotations

import re

from shared.languages import by_suffix, find
from shared.problems.model import File, Program
from shared.problems.tree import Tree

_PERL = re.compile(rb"\A#!.*perl|^[^\S\n]*(?:use|my|our|print)\b|<STDIN>", re.MULTILINE)
_PYTHON_2 = re.compile(rb"\A#!.*python2")
_PYTHON_MAIN = re.compile(rb"^if\s+__name__\s*==", re.MULTILINE)
_JAVA_MAIN = re.compile(rb"\bstatic\s+(?:public\s+)?(?:final\s+)?void\s+main\s*\(")
_KOTLIN_MAIN = re.compile(rb"^[^\S\n]*(?:suspend\s+)?fun\s+main\s*\(", re.MULTILINE)

#: Name of the format's table of languages -> ours, where they differ.
_FORMAT_NAMES = {"cpp": "cpp20", "python3": "python", "js": "javascript", "python2": ""}
_SUFFIXES = {".c++": "cpp20", ".C": "cpp20", ".py3": "python"}
_NO_PROGRAMS = (".ctd", ".viva", ".md", ".txt")


def language_named(name: str) -> str | None:
    """Our language for a name of the format's table; None if there is none."""
    ours = _FORMAT_NAMES.get(name.lower(), name)
    found = find(ours) if ours else None
    return found.name if found else None


def programs_in(tree: Tree, folder: str) -> list[Program]:
    """Each file or folder directly in a folder, as a program."""
    return [program_at(tree, f"{folder}/{name}") for name in tree.children(folder)]


def program_at(tree: Tree, path: str, language: str | None = None) -> Program:
    """The program that is a file, or all of a folder. `language` overrides what is found."""
    places = {path.rpartition("/")[2]: path} if path in tree else tree.below(path)
    files = {name: tree.file(place) for name, place in places.items()}
    spoken = {name: _language(tree, place) for name, place in places.items()}
    if language is None:
        language = _one_of({each for each in spoken.values() if each})
    sources = tuple(sorted(name for name, each in spoken.items() if each and _fits(each, language)))
    if not sources and language is not None and len(files) == 1:
        sources = tuple(files)  # the package says the language of a file with any name
    return Program(
        path=path,
        files=files,
        language=language,
        sources=sources,
        entry_point=_entry_point(tree, places, sources, language),
        has_build="build" in files and path not in tree,
        has_run="run" in files and path not in tree,
        executable=tuple(name for name, place in sorted(places.items()) if tree.executable(place)),
    )


def _language(tree: Tree, path: str) -> str | None:
    suffix = path[path.rfind(".") :] if "." in path.rpartition("/")[2] else ""
    if suffix in _NO_PROGRAMS:
        return None
    if suffix == ".pl":
        return "perl" if _PERL.search(tree.read(path)) else "prolog"
    found = by_suffix(path)
    name = _SUFFIXES.get(suffix) or (found.name if found else None)
    if name == "python" and _PYTHON_2.match(tree.read(path)):
        return None
    return name


def _one_of(spoken: set[str]) -> str | None:
    """The one language of a program; C beside C++ is C++."""
    if "cpp20" in spoken:
        spoken = spoken - {"c"}
    return spoken.pop() if len(spoken) == 1 else None


def _fits(spoken: str, language: str | None) -> bool:
    families = ({"c", "cpp17", "cpp20"}, {"javascript", "typescript"})
    return spoken == language or any({spoken, language} <= family for family in families)


def _entry_point(
    tree: Tree, places: dict[str, str], sources: tuple[str, ...], language: str | None
) -> str | None:
    """The file a program begins with, where it is clear."""
    if len(sources) == 1:
        return sources[0]
    usual = {
        "python": ("__main__.py", "main.py"),
        "java": ("Main.java",),
        "kotlin": ("Main.kt", "main.kt"),
        "javascript": ("main.js", "index.js"),
        "typescript": ("main.ts", "index.ts"),
    }
    for name in usual.get(language or "", ()):
        if name in sources:
            return name
    signs = {"python": _PYTHON_MAIN, "java": _JAVA_MAIN, "kotlin": _KOTLIN_MAIN}
    sign = signs.get(language or "")
    if sign is None:
        return None
    found = [name for name in sources if sign.search(tree.read(places[name]))]
    return found[0] if len(found) == 1 else None


def files_below(tree: Tree, folder: str) -> dict[str, File]:
    """Every file below a folder, by its path from there."""
    return {name: tree.file(path) for name, path in tree.below(folder).items()}
