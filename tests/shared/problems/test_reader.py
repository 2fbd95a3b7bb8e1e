"""The rows of the importer's checklist at the level of the reader, each with its own package."""

from __future__ import annotations

from pathlib import Path

import pytest

from shared.problems.model import Format, Package, decode, encode
from shared.problems.reader import open_package, read_package
from shared.verdicts import Verdict
from tests.shared.problems.made import (
    CUSTOM,
    LEGACY,
    MODERN,
    VALIDATOR,
    Files,
    folder,
    read,
    refused,
    without,
    zipped,
)


def names(package: Package) -> list[str]:
    return [case.name for case in package.cases]


def test_legacy_without_version_and_without_name(tmp_path: Path) -> None:
    package = read(tmp_path, LEGACY)
    assert package.format is Format.LEGACY
    assert package.names == {"en": "Adding"}
    assert names(package) == ["sample/1", "secret/1"]
    assert package.time_limit.explicit_ms is None
    assert (package.time_limit.accepted_factor, package.time_limit.too_slow_factor) == (5, 2)
    assert package.limits.memory_bytes == 2048 << 20
    assert package.validation.is_default
    assert package.warnings == ()
    accepted, wrong = package.examples
    assert accepted.program.language == wrong.program.language == "python"
    assert accepted.rules[0].permitted == frozenset({Verdict.ACCEPTED})
    assert accepted.rules[0].use_for_time_limit == "lower"
    assert wrong.rules[0].required == frozenset({Verdict.WRONG_ANSWER})
    assert wrong.rules[0].use_for_time_limit is None


def test_a_name_that_is_nowhere_is_the_short_name(tmp_path: Path) -> None:
    package = read(tmp_path, LEGACY | {"problem_statement/problem.en.tex": "Add.\n"})
    assert package.names == {"en": "adding"}


def test_modern(tmp_path: Path) -> None:
    package = read(tmp_path, MODERN)
    assert package.format is Format.V2025_09
    assert package.group("secret").scoring is not None
    assert package.time_limit.accepted_factor == 2
    assert package.statements[0].kind == "md"
    assert package.warnings == ()
    assert package.examples[1].rules[0].use_for_time_limit == "lower"


@pytest.mark.parametrize("top", ["", "adding"])
def test_a_zip_is_read_like_the_folder(tmp_path: Path, top: str) -> None:
    path = tmp_path / "adding.zip"
    path.write_bytes(zipped(MODERN, top))
    assert read_package(path) == read(tmp_path, MODERN)


def test_the_package_is_its_own_manifest(tmp_path: Path) -> None:
    with open_package(folder(tmp_path, MODERN)) as opened:
        manifest = encode(opened.package)
        assert decode(manifest) == opened.package
        assert encode(decode(manifest)) == manifest
        assert opened.read(opened.package.case("secret/1").answer) == b"7\n"


@pytest.mark.parametrize(
    ("files", "milliseconds", "source"),
    [
        ({".timelimit": "2.5\n"}, 2500, ".timelimit"),
        ({"domjudge-problem.ini": "timelimit = '3'\n"}, 3000, "domjudge-problem.ini"),
        (
            {".timelimit": "1", "domjudge-problem.ini": "timelimit=4"},
            4000,
            "domjudge-problem.ini",
        ),
        ({".timelimit": "1", "problem.yaml": "limits: {time_limit: 7}"}, 7000, "problem.yaml"),
    ],
)
def test_the_time_limit_comes_from_the_strongest_place(
    tmp_path: Path, files: Files, milliseconds: int, source: str
) -> None:
    limit = read(tmp_path, LEGACY | files).time_limit
    assert (limit.explicit_ms, limit.source) == (milliseconds, source)


def test_keys_without_a_value_count_as_missing(tmp_path: Path) -> None:
    text = "name: Adding\nvalidator_flags:\nvalidation:\nlimits:\nkeywords:\ngrading:\ntype:\n"
    package = read(tmp_path, LEGACY | {"problem.yaml": text})
    assert package.names == {"en": "Adding"}
    assert package.warnings == ()


def test_nested_folders_are_interleaved_with_tests_by_name(tmp_path: Path) -> None:
    more: Files = {
        f"data/sample/{name}{end}": "" for name in ("0", "a/2", "b") for end in (".in", ".ans")
    }
    package = read(tmp_path, LEGACY | more)
    assert names(package)[:4] == ["sample/0", "sample/1", "sample/a/2", "sample/b"]
    assert [group.name for group in package.groups] == ["", "sample", "sample/a", "secret"]
    assert package.group("sample").children == ("sample/0", "sample/1", "sample/a", "sample/b")


def test_samples_are_shown_as_the_package_says(tmp_path: Path) -> None:
    more: Files = {
        "data/sample/1.in.statement": "shown\n",
        "data/sample/1.out": "good\n",
        "data/sample/2.interaction": "<1\n>2\n",
    }
    with open_package(folder(tmp_path, MODERN | more)) as opened:
        one, two = opened.package.samples
        assert one.input and one.output and one.download_input and two.interaction
        assert opened.read(one.input) == b"shown\n"
        assert opened.read(one.output) == b"good\n"
        assert opened.read(one.download_input) == b"1 2\n"
        assert two.interaction.name == "2.interaction"
    assert names(opened.package) == ["sample/1", "secret/1"]


def test_a_validator_in_cpp_with_its_header(tmp_path: Path) -> None:
    more: Files = {
        "problem.yaml": CUSTOM,
        "output_validators/check/validate.cc": '#include "validate.h"\n',
        "output_validators/check/validate.h": "int x;\n",
    }
    validator = read(tmp_path, LEGACY | more).validation.validators[0]
    assert validator.language == "cpp20"
    assert validator.sources == ("validate.cc",)
    assert set(validator.files) == {"validate.cc", "validate.h"}


@pytest.mark.parametrize("inner", ["", "check/"])
def test_the_one_validator_of_2025_with_its_header(tmp_path: Path, inner: str) -> None:
    more: Files = {
        f"output_validator/{inner}validate.cpp": '#include "validate.h"\n',
        f"output_validator/{inner}validate.h": "int x;\n",
    }
    [validator] = read(tmp_path, MODERN | more).validation.validators
    assert validator.sources == ("validate.cpp",)
    assert set(validator.files) == {"validate.cpp", "validate.h"}


def test_a_validator_in_python_and_one_with_scripts(tmp_path: Path) -> None:
    more: Files = {
        "problem.yaml": CUSTOM,
        "output_validators/a.py": VALIDATOR,
        "output_validators/b/build": "#!/bin/sh\n",
        "output_validators/b/x.txt": "",
    }
    top = folder(tmp_path, LEGACY | more)
    (top / "output_validators/b/build").chmod(0o755)
    one, two = read_package(top).validation.validators
    assert (one.language, one.entry_point, one.has_build) == ("python", "a.py", False)
    assert (two.language, two.has_build, two.executable) == (None, True, ("build",))


def test_validator_flags_of_the_package_and_of_a_folder(tmp_path: Path) -> None:
    more: Files = {
        "problem.yaml": "validator_flags: float_tolerance 1e-4 case_sensitive\n",
        "data/secret/testdata.yaml": "output_validator_flags: space_change_sensitive\n",
    }
    package = read(tmp_path, LEGACY | more)
    flags = ("float_tolerance", "1e-4", "case_sensitive")
    assert package.case("sample/1").output_validator_args == flags
    assert package.case("secret/1").output_validator_args == (*flags, "space_change_sensitive")


@pytest.mark.parametrize(
    ("words", "interactive", "multi_pass", "passes"),
    [
        ("custom interactive", True, False, 1),
        ("custom multi-pass", False, True, 2),
        ("custom interactive multi-pass score", True, True, 2),
    ],
)
def test_interactive_and_multi_pass(
    tmp_path: Path, words: str, interactive: bool, multi_pass: bool, passes: int
) -> None:
    more: Files = {"problem.yaml": f"validation: {words}\n", "output_validators/v.py": VALIDATOR}
    package = read(tmp_path, LEGACY | more)
    assert (package.interactive, package.multi_pass) == (interactive, multi_pass)
    assert package.limits.passes == passes
    assert package.validation.gives_score is ("score" in words)


@pytest.mark.parametrize("kind", ["[interactive, multi-pass]", "pass-fail interactive multi-pass"])
def test_interactive_and_multi_pass_of_2025(tmp_path: Path, kind: str) -> None:
    text = f"{MODERN['problem.yaml']!s}type: {kind}\nlimits: {{validation_passes: 3}}\n"
    files = MODERN | {"problem.yaml": text}
    assert "validator" in refused(tmp_path, files).reason
    package = read(tmp_path, files | {"output_validator/v.py": VALIDATOR})
    assert (package.interactive, package.multi_pass, package.scoring) == (True, True, False)
    assert package.limits.passes == 3


def test_legacy_groups_inherit_key_by_key(tmp_path: Path) -> None:
    more: Files = {
        "problem.yaml": "type: scoring\n",
        "data/testdata.yaml": "on_reject: continue\nrange: 0 100\ngrader_flags: ignore_sample\n",
        "data/secret/testdata.yaml": "grader_flags: first_error accept_if_any_accepted\n",
        "data/secret/g1/testdata.yaml": (
            "on_reject: break\naccept_score: 30\ngrader_flags: min\nrange: 0 30\n"
        ),
        "data/secret/g1/a/1.in": "1 1",
        "data/secret/g1/a/1.ans": "2",
    }
    package = read(tmp_path, LEGACY | more)
    root, secret = package.group("").grader, package.group("secret").grader
    inner = package.group("secret/g1/a")
    assert root and root.ignore_sample and root.score == "sum"
    assert secret and secret.verdict == "first_error" and secret.accept_if_any_accepted
    assert not package.group("sample").stop_at_reject
    assert inner.stop_at_reject and inner.grader and inner.grader.score == "min"
    assert inner.score_range == (0.0, 30.0)
    assert package.case("secret/g1/a/1").accept_score == 30
    assert package.case("secret/1").accept_score == 1


def test_modern_groups(tmp_path: Path) -> None:
    more: Files = without(MODERN, "data/secret/1.in", "data/secret/1.ans") | {
        "problem.yaml": f"{MODERN['problem.yaml']!s}type: scoring\n",
        "data/secret/test_group.yaml": "args: [x]\n",
        "data/secret/g1/test_group.yaml": "max_score: 40\nrequire_pass: sample\n",
        "data/secret/g1/deep/1.in": "1 1",
        "data/secret/g1/deep/1.ans": "2",
        "data/secret/g1/deep/1.yaml": "full_feedback: true\nhint: think\n",
        "data/secret/g1/deep/1.files/names.txt": "x",
        "data/secret/g2/1.in": "1 1",
        "data/secret/g2/1.ans": "2",
        "data/secret/g2/test_group.yaml": (
            "max_score: 60\nscore_aggregation: sum\nargs: [y, z]\nrequire_pass: [secret/g1]\n"
        ),
    }
    package = read(tmp_path, more)
    case = package.case("secret/g1/deep/1")
    assert (case.group, case.args, case.full_feedback, case.hint) == (
        *("secret/g1", ("x",)),
        *(True, "think"),
    )
    assert list(case.files) == ["names.txt"]
    assert package.case("secret/g2/1").args == ("y", "z")
    scoring = package.group("secret/g2").scoring
    assert scoring and scoring.max_score == 60 and scoring.require_pass == ("secret/g1",)
    error = refused(tmp_path, more | {"data/secret/g2/test_group.yaml": ""})
    assert (error.file, error.key) == ("data/secret/g2/test_group.yaml", "max_score")
    text = "max_score: 1\nrequire_pass: secret/g2\n"
    error = refused(tmp_path, more | {"data/secret/g1/test_group.yaml": text})
    assert error.key == "require_pass"


def test_secret_holds_tests_or_groups(tmp_path: Path) -> None:
    error = refused(tmp_path, MODERN | {"data/secret/g/1.in": "", "data/secret/g/1.ans": ""})
    assert error.file == "data/secret"


def test_include_files_of_the_language_win(tmp_path: Path) -> None:
    more: Files = {"include/default/a": "1", "include/default/b": "1", "include/python3/a": "2"}
    with open_package(folder(tmp_path, LEGACY | more)) as opened:
        placed = opened.package.includes_for("python3")
        assert {name: opened.read(file) for name, file in placed.items()} == {"a": b"2", "b": b"1"}


def test_constants_are_replaced_where_the_format_says(tmp_path: Path) -> None:
    more: Files = {
        "problem.yaml": (
            f"{MODERN['problem.yaml']!s}constants: {{n: 10, big: {{value: 5, cpp: 6}}}}\n"
        ),
        "statement/problem.en.md": "At most {{n}}, {{nextsample}}.\n",
        "submissions/accepted/add.py": "# {{n}} {{big.cpp}} {{ n }} {{unknown}}\n",
        "data/secret/1.in": "{{n}}",
        "data/secret/test_group.yaml": "args: ['{{big}}']\n",
    }
    with open_package(folder(tmp_path, MODERN | more)) as opened:
        package = opened.package
        assert opened.read(package.statements[0].file) == b"At most 10, {{nextsample}}.\n"
        program = package.examples[0].program
        assert opened.read(program.files["add.py"]) == b"# 10 6 {{ n }} {{unknown}}\n"
        assert opened.read(package.case("secret/1").input) == b"{{n}}"
        assert package.case("secret/1").args == ("5",)


def test_several_languages_of_the_statement(tmp_path: Path) -> None:
    more: Files = {
        "problem.yaml": "name: {en: Adding, sv: Addera}\n",
        "problem_statement/problem.sv.tex": "Addera.\n",
        "problem_statement/problem.pt-BR.pdf": b"%PDF",
        "problem_statement/image.png": b"\x89PNG",
    }
    package = read(tmp_path, LEGACY | more)
    assert [(it.language, it.kind) for it in package.statements] == [
        ("en", "tex"),
        ("pt-BR", "pdf"),
        ("sv", "tex"),
    ]
    assert package.name_in("sv") == "Addera"
    assert package.name_in("fi") == "Adding"
    assert list(package.statement_files) == ["image.png"]


def test_links_within_the_package_are_followed(tmp_path: Path) -> None:
    top = folder(tmp_path, LEGACY)
    (top / "data/secret/2.in").symlink_to("1.in")
    (top / "data/secret/2.ans").symlink_to("../secret/1.ans")
    (top / "data/secret/more").symlink_to("../sample")
    package = read_package(top)
    assert names(package) == ["sample/1", "secret/1", "secret/2", "secret/more/1"]
    assert package.case("secret/2").input.digest == package.case("secret/1").input.digest


def test_large_binary_and_windows_files_stay_as_they_are(tmp_path: Path) -> None:
    more: Files = {
        "data/secret/big.in": "1 2\n" * 100_000,
        "data/secret/big.ans": bytes(range(256)),
        "data/secret/crlf.in": "",
        "data/secret/crlf.ans": "7\r\n",
    }
    with open_package(folder(tmp_path, LEGACY | more)) as opened:
        assert opened.package.case("secret/big").input.size == 400_000
        assert opened.read(opened.package.case("secret/big").answer) == bytes(range(256))
        assert opened.read(opened.package.case("secret/crlf").answer) == b"7\r\n"


def test_our_own_extension(tmp_path: Path) -> None:
    text = "difficulty: easy\ntags: [sums]\nother: 1\n"
    package = read(tmp_path, MODERN | {"assay.yaml": text})
    assert package.extension.difficulty == "easy"
    assert package.extension.tags == ("sums",)
    assert package.extension.function is None
    assert package.warnings == ("assay.yaml: other: this key is not known; it is ignored",)


def test_the_drafts_may_mix_both_forms(tmp_path: Path) -> None:
    more: Files = {
        "problem.yaml": "problem_format_version: 2023-07-draft # or so\nname: Adding\nuuid: 1\n",
        "data/secret/testdata.yaml": "on_reject: continue\n",
    }
    package = read(tmp_path, LEGACY | more)
    assert package.format is Format.V2023_07
    assert package.group("secret").grader is not None
    assert package.examples[1].rules[0].use_for_time_limit == "lower"
