"""Packages of function problems, judged by a real worker."""

from __future__ import annotations

import pytest

from tests.execute.calls.solutions import TWO_SUMS
from tests.execute.core import Core
from tests.execute.judging.conftest import Install
from tests.shared.problems.made import LEGACY, MODERN, Files
from tests.shared.problems.test_functions import DATA


@pytest.mark.parametrize("files", [LEGACY, MODERN], ids=["legacy", "2025-09"])
def test_a_function_is_called_for_each_test(core: Core, install: Install, files: Files) -> None:
    package = install({**files, **DATA})
    for language in ("python", "cpp17"):
        result = core.judged(TWO_SUMS[language], language=language, package=package)
        assert [it.verdict for it in result.tests] == ["accepted", "accepted"], result.message


def test_of_a_secret_test_no_result_is_shown(core: Core, install: Install) -> None:
    package = install({**LEGACY, **DATA})
    code = "def twoSum(nums, target):\n    print('seen')\n    return [4242]\n"
    result = core.judged(code, package=package, stop_on_failure=False)
    sample, secret = result.tests
    assert (sample.result, sample.stdout) == ("[4242]\n", "seen\n")
    assert sample.message == "the result is [4242], expected [0, 1] in any order"
    assert (secret.result, secret.stdout, secret.message) == (None, None, None)
    assert secret.verdict == "wrong-answer"


def test_a_language_without_a_harness_is_told(core: Core, install: Install) -> None:
    package = install({**LEGACY, **DATA})
    result = core.judged("", language="ruby", package=package)
    assert result.verdict == "judge-error" and "ruby" in str(result.message)
