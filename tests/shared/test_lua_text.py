"""The text of a script: itself, and all that it uses of the libraries, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest
import redis

from shared.lua_text import FOLDER, definitions, script_text, words

SCRIPTS = sorted(path.stem for path in FOLDER.glob("[!_]*.lua"))
KEYS = ["first", "second"]


def defined(text: str) -> set[str]:
    return {name for it in definitions() if it.text in text for name in it.names}


@pytest.mark.parametrize("name", SCRIPTS)
def test_whatever_a_script_names_of_the_libraries_is_above_it(name: str) -> None:
    text = script_text(name, KEYS)
    everything = {name for it in definitions() for name in it.names}
    assert words(text) & everything == defined(text)
    assert text.endswith((FOLDER / f"{name}.lua").read_text().split("\n", 1)[1])


def test_what_it_does_not_use_is_not_there() -> None:
    assert defined(script_text("renew", KEYS)) >= {"holds", "now_ms", "LEASES"}
    assert not defined(script_text("renew", KEYS)) & {"close", "line.enter", "standings.settle"}
    unused = [
        it for it in definitions() if not any(it.text in script_text(n, KEYS) for n in SCRIPTS)
    ]
    assert unused == []


def test_what_a_definition_calls_by_a_table_is_there_though_it_stands_below() -> None:
    text = script_text("finish", KEYS)
    assert text.index("local function close(") < text.index("function line.vacate(")


@pytest.mark.parametrize("name", SCRIPTS)
def test_redis_takes_the_text(redis_url: str, name: str) -> None:
    text = script_text(name, KEYS)
    assert text.startswith("#!") == (FOLDER / f"{name}.lua").read_text().startswith("#!")
    with redis.Redis.from_url(redis_url) as client:
        sha: Any = client.script_load(text)
        assert client.script_exists(sha) == [True]


def test_names_in_comments_are_no_use() -> None:
    assert words("line.enter(id) -- not close, and see line.leave") == {"line", "line.enter", "id"}
