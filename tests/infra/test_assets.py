"""The page is built once, and its absence keeps nothing else from starting."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from infra.local import assets
from infra.local.failure import Failure
from shared.built import FOLDER, PAGE


def test_a_second_start_builds_nothing() -> None:
    assets.ensure()
    before = PAGE.stat().st_mtime_ns, PAGE.stat().st_ino
    assets.ensure()
    assert (PAGE.stat().st_mtime_ns, PAGE.stat().st_ino) == before


def test_what_is_served_has_a_compressed_twin(tmp_path: Path) -> None:
    assets.ensure()
    scripts = list(PAGE.glob("*.js"))
    assert scripts
    for script in scripts:
        twin = script.with_name(script.name + ".gz")
        assert twin.exists() or script.stat().st_size < 512, script.name


def test_a_registry_that_cannot_be_reached_is_told_and_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a checkout without packages, and nobody at the registry's address
    monkeypatch.setattr(assets, "FOLDER", tmp_path / "web")
    monkeypatch.setattr(assets, "_STAMP", tmp_path / "web" / "built" / "stamp")
    monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:9/")
    monkeypatch.setenv("npm_config_fetch_retries", "0")
    monkeypatch.setenv("npm_config_cache", str(tmp_path / "cache"))
    for _ in range(2):
        with pytest.raises(
            Failure, match=r"packages of the page cannot be installed: .*127\.0\.0\.1:9"
        ):
            assets.ensure()
    assert not (tmp_path / "web" / "installed").exists()


def test_of_starts_at_the_same_time_one_builds_the_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assets.ensure()  # its packages are there
    folder = tmp_path / "web"
    folder.mkdir()
    (folder / "node_modules").symlink_to(FOLDER / "node_modules")
    shutil.copyfile(FOLDER / "installed", folder / "installed")
    for name, place in {"FOLDER": "", "PAGE": "built", "_STAMP": "built/stamp"}.items():
        monkeypatch.setattr(assets, name, folder / place)
    built: list[str] = []
    build = assets._build

    def counted(stamp: str) -> None:
        built.append(stamp)
        build(stamp)

    monkeypatch.setattr(assets, "_build", counted)

    with ThreadPoolExecutor(4) as starts:
        for start in [starts.submit(assets.ensure) for _ in range(4)]:
            start.result()

    assert len(built) == 1
    assert (folder / "built" / "stamp").read_text() == built[0]
