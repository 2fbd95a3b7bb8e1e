"""What can be submitted here: the language files that a living worker has tried out."""

from __future__ import annotations

from collections.abc import Sequence

from functions.submit.admit import default_limits
from shared.answers import LanguageInfo, Languages
from shared.languages import Language, known
from shared.workers import WorkerFacts


def languages(workers: Sequence[WorkerFacts]) -> Languages:
    """The languages that at least one worker has; without workers, all that have a file."""
    versions = {it.name: it.version for worker in workers for it in worker.languages}
    there = [it for it in known().values() if it.name in versions or not workers]
    return Languages(languages=[_describe(it, versions.get(it.name)) for it in there])


def _describe(language: Language, version: str | None) -> LanguageInfo:
    return LanguageInfo(
        name=language.name,
        title=language.title,
        version=version,
        aliases=list(language.aliases),
        limits=default_limits(language),
        starter=language.starter,
    )
