"""Where a program's text goes: Java's public classes keep their names."""

from __future__ import annotations

import pytest

from functions.execute.judging.naming import file_of
from shared.languages import known

MAIN = "public static void main(String[] args) {}"


@pytest.mark.parametrize(
    ("code", "file"),
    [
        (f"public class Main {{ {MAIN} }}", "Main.java"),
        (f"import java.util.*;\npublic class Hello {{ {MAIN} }}", "Hello.java"),
        (f"public final class Hello{{{MAIN}}}", "Hello.java"),
        (f"class Node {{}}\nclass Hello {{ {MAIN} }}\nclass Last {{}}", "Hello.java"),
        (f"class Hello {{ {MAIN} static class Inner {{}} }}", "Hello.java"),
        (f"class Hello {{ static class Inner {{ }} {MAIN} }}", "Hello.java"),
        (f"// public class No {{\n/* public class Nor { {'{'} } */ class A {{ {MAIN} }}", "A.java"),
        (f'class A {{ String s = "}}}} class B {{"; {MAIN} }}', "A.java"),
        (f"public enum A {{ ONE; {MAIN} }}", "A.java"),
        (f"package some; public class Hello {{ {MAIN} }}", "Main.java"),
        ("public class Solution { }", "Main.java"),
        ("no java at all } } {", "Main.java"),
        ("", "Main.java"),
    ],
)
def test_a_java_program_is_in_the_file_of_its_class(code: str, file: str) -> None:
    assert file_of(known()["java"], code) == file


def test_a_file_that_is_there_is_not_overwritten() -> None:
    code = f"public class Hello {{ {MAIN} }}"
    assert file_of(known()["java"], code, ["Hello.java"]) == "Main.java"


def test_other_languages_have_one_file() -> None:
    assert file_of(known()["python"], f"public class Hello {{ {MAIN} }}") == "main.py"
