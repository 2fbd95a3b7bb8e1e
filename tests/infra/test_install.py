"""`doctor --install`: the exact command of this distribution, and never more than told."""

from __future__ import annotations

import platform

import pytest

from infra.local import install
from infra.local.failure import Failure
from shared.languages import known


def _on(monkeypatch: pytest.MonkeyPatch, **release: str) -> None:
    """Given this distribution, with no toolchain at all."""
    monkeypatch.setattr(platform, "freedesktop_os_release", lambda: release)
    monkeypatch.setattr("functions.execute.discovery.discover", lambda known: [])


@pytest.mark.parametrize(
    "release",
    [{"ID": "debian"}, {"ID": "ubuntu", "ID_LIKE": "debian"}, {"ID": "x", "ID_LIKE": "y debian"}],
)
@pytest.mark.parametrize(("user", "sudo"), [(0, ""), (1000, "sudo ")])
def test_the_command_of_a_debian_is_printed(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    release: dict[str, str],
    user: int,
    sudo: str,
) -> None:
    _on(monkeypatch, **release)
    monkeypatch.setattr("os.geteuid", lambda: user)

    assert install.main(["ruby", "c++", "cpp17", "PHP"]) == 0

    command = f"  {sudo}apt-get install -y --no-install-recommends ruby g++ php-cli"
    assert capsys.readouterr().out.splitlines()[-1] == command


@pytest.mark.parametrize("release", [{"ID": "fedora"}, {}])
def test_where_no_package_is_known_that_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], release: dict[str, str]
) -> None:
    _on(monkeypatch, **release)

    assert install.main(["ruby", "go"]) == 1

    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("No package of this system is known to bring Ruby:")
    assert "go is found on PATH" in second


def test_a_language_that_no_package_brings_does_not_hide_the_others(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _on(monkeypatch, ID="debian")

    assert install.main(["julia", "lua"]) == 1

    printed = capsys.readouterr().out
    assert "--no-install-recommends lua5.4\n" in printed
    assert "bring Julia" in printed


def test_what_is_here_is_not_installed_again(capsys: pytest.CaptureFixture[str]) -> None:
    assert install.main(["python"]) == 0

    printed = capsys.readouterr().out
    assert printed.startswith("Python is here already: ")
    assert "install" not in printed


def test_a_name_of_no_language_is_refused_with_those_there_are() -> None:
    with pytest.raises(Failure, match=r"'cobol' is no language; there are bash, c, "):
        install.main(["cobol"])


def test_every_language_file_says_what_installs_it_or_that_nothing_does() -> None:
    nowhere = {name for name, language in known().items() if not language.install}

    assert nowhere == {"javascript", "typescript", "julia", "python", "swift", "zig"}
