"""What a package places beside a submission: files to include, and a driver to begin with."""

from __future__ import annotations

import pytest
from msgspec import structs
from msgspec.json import decode

from functions.execute.judging.drivers import with_included
from functions.execute.judging.programs import Source
from shared.languages import known
from shared.models import Spec
from tests.execute.core import Core
from tests.execute.judging.conftest import Install
from tests.shared import submissions as subs
from tests.shared.problems.made import MODERN, Files

CPP_DRIVER = """#include <iostream>
#include "adding.h"
int main() { int a, b; std::cin >> a >> b; std::cout << add(a, b) << std::endl; }
"""
JAVA_DRIVER = """import java.util.Scanner;
public class %s {
    public static void main(String[] args) {
        Scanner in = new Scanner(System.in);
        System.out.println(new Adding().add(in.nextInt(), in.nextInt()) + Offset.NONE);
    }
}
"""
OFFSET = "class Offset { static final int NONE = 0; }\n"
ADDING = "public class Adding { int add(int a, int b) { return a %s b; } }\n"
MAIN = "public class Main { public static void main(String[] a) { System.out.println(3); } }\n"


@pytest.mark.parametrize("driver", ["driver.cpp", "main.cpp"])
@pytest.mark.parametrize("language", ["cpp17", "cpp20"])
def test_a_driver_in_cpp_is_linked_with_the_submission(
    core: Core, install: Install, driver: str, language: str
) -> None:
    more: Files = {f"include/cpp/{driver}": CPP_DRIVER}
    more["include/cpp/adding.h"] = "int add(int, int);\n"
    package = install(MODERN | more)
    right = '#include "adding.h"\nint add(int a, int b) { return a + b; }\n'

    judged = [
        core.judged(code, language=language, package=package)
        for code in (right, right.replace("+", "-"), right + "int main() { return 0; }\n")
    ]

    assert [it.verdict for it in judged] == ["accepted", "wrong-answer", "compile-error"]


@pytest.mark.parametrize("driver", ["Main", "Grader"])
def test_a_driver_in_java_begins_and_calls_the_submission(
    core: Core, install: Install, driver: str
) -> None:
    more: Files = {f"include/java/{driver}.java": JAVA_DRIVER % driver}
    more["include/java/Offset.java"] = OFFSET
    package = install(MODERN | more)

    judged = [
        core.judged(code, language="java", package=package)
        for code in (
            ADDING % "+",
            ADDING % "-",
            ADDING % "+" + MAIN.replace("public class", "class"),
        )
    ]

    # One who brings a main function of his own is not started by it
    last = "compile-error" if driver == "Main" else "accepted"
    assert [it.verdict for it in judged] == ["accepted", "wrong-answer", last]


def test_a_java_program_may_use_what_is_placed_beside_it(core: Core, install: Install) -> None:
    code = JAVA_DRIVER % "Hello" + "class Adding { int add(int a, int b) { return a + b; } }\n"
    package = install(MODERN | {"include/java/Offset.java": OFFSET})
    assert core.judged(code, language="java", package=package).verdict == "accepted"
    assert core.judged(code, language="java").verdict == "compile-error"


def arranged(language: str, code: str, included: dict[str, str]) -> Source:
    whole = structs.replace(decode(subs.spec(), type=Spec), language=language, code=code)
    theirs = {name: text.encode() for name, text in included.items()}
    return with_included(whole, known()[language], theirs)


@pytest.mark.parametrize(
    ("language", "code", "included", "entry", "sources"),
    [
        ("python", "print()", ["lib.py"], "main.py", ()),
        ("java", ADDING, ["Main.java"], "Main.java", ("Main.java", "Adding.java")),
        ("java", MAIN, ["Main.java"], "Main.java", ("Main.java", "Submission_.java")),
        ("java", "no class", ["Main.java"], "Main.java", ("Main.java", "Submission_.java")),
        ("java", MAIN, ["Lib.java", "data.txt"], "Main.java", ("Main.java", "Lib.java")),
        ("c", "", ["g.c", "g.h"], "main.c", ("main.c", "g.c")),
        ("cpp20", "", ["main.cpp"], "Submission_.cpp", ("Submission_.cpp", "main.cpp")),
        ("cpp20", "", ["a.h"], "main.cpp", ()),
    ],
)
def test_nothing_takes_the_place_of_what_the_package_has(
    language: str, code: str, included: list[str], entry: str, sources: tuple[str, ...]
) -> None:
    source = arranged(language, code, dict.fromkeys(included, "theirs"))
    assert (source.entry, source.sources) == (entry, sources)
    assert all(source.files[name] == b"theirs" for name in included)
    assert code.encode() in source.files.values()
