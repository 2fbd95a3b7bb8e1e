"""Packages from strangers: a clear error or a package, nothing else, nothing written anywhere."""

from __future__ import annotations

import io
import struct
import tempfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.problems import tree
from shared.problems.model import Package, PackageError, encode
from shared.problems.reader import read_package
from tests.shared.problems.made import LEGACY, MODERN, Files, folder, zipped


def read_zip(root: Path, content: bytes) -> Package:
    path = root / "adding.zip"
    path.write_bytes(content)
    package = read_package(path)
    assert list(root.iterdir()) == [path], "nothing is ever unpacked"
    return package


def link(target: str, mode: int = 0o120777) -> tuple[zipfile.ZipInfo, str]:
    info = zipfile.ZipInfo("data/secret/2.in")
    info.external_attr = mode << 16
    return info, target


def with_entry(info: zipfile.ZipInfo | str, content: str | bytes) -> bytes:
    stream = io.BytesIO(zipped(LEGACY))
    with zipfile.ZipFile(stream, "a") as archive:
        archive.writestr(info, content)
    return stream.getvalue()


@pytest.mark.parametrize(
    "name",
    [
        "../evil",
        "data/../../evil",
        "/etc/evil",
        "data//x",
        "a\\..\\evil",
        "./x",
        "data/\x07",
        "a/" * 40,
    ],
)
def test_a_path_that_leads_out_of_the_zip_is_refused(tmp_path: Path, name: str) -> None:
    content = with_entry(zipfile.ZipInfo(name if not name.endswith("/") else name + "x"), "x")
    with pytest.raises(PackageError):
        read_zip(tmp_path, content)


@pytest.mark.parametrize(
    "target", ["/etc/passwd", "../../../etc/passwd", "no/where", "../../..", "."]
)
def test_a_link_of_a_zip_that_leads_out_or_nowhere_is_refused(tmp_path: Path, target: str) -> None:
    with pytest.raises(PackageError, match="link"):
        read_zip(tmp_path, with_entry(*link(target)))


def test_a_link_of_a_zip_within_it_is_followed(tmp_path: Path) -> None:
    stream = io.BytesIO(with_entry(*link("1.in")))
    with zipfile.ZipFile(stream, "a") as archive:
        archive.writestr("data/secret/2.ans", "7")
    package = read_zip(tmp_path, stream.getvalue())
    assert package.case("secret/2").input.digest == package.case("secret/1").input.digest


def test_a_link_of_a_folder_that_leads_out_is_refused(tmp_path: Path) -> None:
    top = folder(tmp_path, LEGACY)
    secret = tmp_path / "secret.txt"
    secret.write_text("x")
    (top / "attachments").mkdir()
    (top / "attachments/x").symlink_to(secret)
    with pytest.raises(PackageError, match="outside"):
        read_package(top)
    (top / "attachments/x").unlink()
    (top / "attachments/x").symlink_to(tmp_path)
    with pytest.raises(PackageError, match="outside"):
        read_package(top)


@pytest.mark.parametrize("target", [".", "..", "x"])
def test_a_circle_of_links_is_refused(tmp_path: Path, target: str) -> None:
    top = folder(tmp_path, LEGACY)
    (top / "data/x").symlink_to(target)
    with pytest.raises(PackageError):
        read_package(top)


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    import os

    top = folder(tmp_path, LEGACY)
    os.mkfifo(top / "data/pipe")
    with pytest.raises(PackageError, match="neither"):
        read_package(top)


def test_a_zip_that_would_become_too_large_is_refused_unread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tree, "MAX_FILE_BYTES", 1 << 20)
    bomb = LEGACY | {"data/secret/2.in": bytes(2 << 20), "data/secret/2.ans": ""}
    content = zipped(bomb)
    assert len(content) < 10_000
    with pytest.raises(PackageError, match="for one file"):
        read_zip(tmp_path, content)
    monkeypatch.setattr(tree, "MAX_FILE_BYTES", 4 << 20)
    monkeypatch.setattr(tree, "MAX_PACKAGE_BYTES", 1 << 20)
    with pytest.raises(PackageError, match="are allowed"):
        read_zip(tmp_path, content)


def test_a_zip_that_lies_about_its_sizes_is_refused(tmp_path: Path) -> None:
    content = bytearray(zipped(LEGACY | {"data/secret/1.in": "x" * 1000}))
    entry = content.rfind(b"data/secret/1.in") - 46
    assert content[entry : entry + 4] == b"PK\x01\x02"
    content[entry + 24 : entry + 28] = struct.pack("<I", 10)  # announced: 10 bytes
    with pytest.raises(PackageError, match=r"cannot be read|announced"):
        read_zip(tmp_path, bytes(content))


def test_a_zip_of_very_many_files_is_refused_before_its_list_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tree, "MAX_DIRECTORY_BYTES", 300)
    with pytest.raises(PackageError, match="files"):
        read_zip(tmp_path, zipped(LEGACY))
    monkeypatch.undo()
    monkeypatch.setattr(tree, "MAX_FILES", 5)
    with pytest.raises(PackageError, match="files"):
        read_zip(tmp_path, zipped(LEGACY))
    with pytest.raises(PackageError, match="files"):
        read_package(folder(tmp_path, LEGACY))


@pytest.mark.filterwarnings("ignore:Duplicate name:UserWarning")
def test_a_name_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PackageError, match="twice"):
        read_zip(tmp_path, with_entry("problem.yaml", ""))
    with pytest.raises(PackageError, match="lies in what is a file"):
        read_zip(tmp_path, with_entry("problem.yaml/x", ""))


@pytest.mark.parametrize("content", [b"", b"PK", b"no zip at all", b"PK\x05\x06" + bytes(18)])
def test_what_is_no_zip_is_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(PackageError):
        read_zip(tmp_path, content)
    with pytest.raises(PackageError, match="cannot be read"):
        read_package(tmp_path / "is-not-there.zip")


def test_names_that_the_format_does_not_know_are_left_out(tmp_path: Path) -> None:
    more: Files = {
        ".git/config": "x",
        "data/secret/.hidden.in": "x",
        "data/secret/-x.in": "x",
        "submissions/accepted/my solution (1).py": "x",
        "data/secret/ä.in": "x",
    }
    package = read_package(folder(tmp_path, LEGACY | more))
    assert [case.name for case in package.cases] == ["sample/1", "secret/1"]
    assert len(package.warnings) == 2


_LAUGHS = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{b}: &{b} [{', '.join([f'*{a}'] * 9)}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (_LAUGHS, "values"),
        ("a: &a {b: *a}", "alias"),
        ("a: " + "[" * 5000 + "]" * 5000, "deep"),
        ("a: " + "{b: " * 100 + "}" * 100, "deep"),
        ("a: 1\na: 2", "twice"),
        ("{a: [1}", "line 1"),
        ("- a list", "mapping"),
        ("just text", "mapping"),
        ("? [a]\n: b", "key"),
        ("a: !!python/object/apply:os.system [true]", "tag"),
        ("a: 2025-99-99", "is not YAML"),
        ("a: " + "9" * 5000, "is not YAML"),
        ("a: \x00", "is not YAML"),
        ("a: b\n" * 300_000, "bytes"),
        (b"a: \xff", "UTF-8"),
    ],
)
def test_bad_yaml_is_refused_with_its_file(tmp_path: Path, text: str | bytes, word: str) -> None:
    with pytest.raises(PackageError) as raised:
        read_package(folder(tmp_path, LEGACY | {"problem.yaml": text}))
    assert raised.value.file == "problem.yaml"
    assert word in str(raised.value)


# Fuzzing: whatever comes, the end is a package or a PackageError.

_SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 10**20),
    st.floats(),
    st.sampled_from(["scoring", "custom", "interactive", "2025-09", "min", "1 2", "*", "x", ""]),
)
_VALUES = st.recursive(
    _SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(["value", "name", "flags", "authors", "memory", "permitted", "secret"]),
            inner,
            max_size=3,
        ),
    ),
    max_leaves=6,
)
_KEYS = [
    *("problem_format_version", "name", "type", "limits", "validation", "validator_flags"),
    *("grading", "keywords", "constants", "languages", "credits", "source", "max_score", "range"),
    *("on_reject", "grader_flags", "require_pass", "args", "accepted/*", "score", "permitted"),
    *("output_validator_args", "input_validator_flags", "full_feedback", "function", "tags"),
]
_DOCUMENTS = st.dictionaries(st.sampled_from(_KEYS), _VALUES, max_size=5)
_FILES = [
    *("problem.yaml", "data/testdata.yaml", "data/secret/test_group.yaml", "assay.yaml"),
    *("submissions/submissions.yaml", "data/secret/1.yaml", "domjudge-problem.ini", ".timelimit"),
    *("submissions/submissions.json", "output_validator/a.py", "graders/x", "data/secret/1/2.in"),
]
_FUZZ = settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def reads_or_refuses(files: Files) -> None:
    with tempfile.TemporaryDirectory() as root:
        path = Path(root) / "adding.zip"
        path.write_bytes(zipped(files))
        try:
            package = read_package(path)
        except PackageError as error:
            assert error.reason
        else:
            encode(package)
        assert list(Path(root).iterdir()) == [path]


@_FUZZ
@given(st.sampled_from([LEGACY, MODERN]), st.dictionaries(st.sampled_from(_FILES), _DOCUMENTS))
def test_any_settings_are_read_or_refused(base: Files, documents: dict[str, object]) -> None:
    import yaml

    reads_or_refuses(base | {path: yaml.safe_dump(it) for path, it in documents.items()})


@_FUZZ
@given(
    st.sampled_from([LEGACY, MODERN]),
    st.dictionaries(
        st.sampled_from(_FILES), st.one_of(st.binary(max_size=60), st.text(max_size=60))
    ),
)
def test_any_bytes_are_read_or_refused(base: Files, more: dict[str, str | bytes]) -> None:
    reads_or_refuses(base | more)


@_FUZZ
@given(st.data())
def test_a_damaged_zip_is_read_or_refused(data: st.DataObject) -> None:
    content = bytearray(zipped(MODERN))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    with tempfile.TemporaryDirectory() as root:
        path = Path(root) / "adding.zip"
        path.write_bytes(bytes(content[: data.draw(st.sampled_from([len(content), 200]))]))
        try:
            read_package(path)
        except PackageError as error:
            assert error.reason
