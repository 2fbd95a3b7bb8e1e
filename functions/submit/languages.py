"""What can be submitted here: the language files that a living worker has tried out."""

from __future__ import annotations

from collections.abc import Sequence

from shared.answers import LanguageInfo, Languages
from shared.languages import Language, known
from shared.taking.admit import default_limits
from shared.workers import LanguageFacts, WorkerFacts


def languages(workers: Sequence[WorkerFacts]) -> Languages:
    """The languages that at least one worker has; without workers, all that have a file."""
    told = {it.name: it for worker in workers for it in worker.languages}
    there = [it for it in known().values() if it.name in told or not workers]
    return Languages(languages=[_describe(it, told.get(it.name)) for it in there])


def _describe(language: Language, facts: LanguageFacts | None) -> LanguageInfo:
    return LanguageInfo(
        name=language.name,
        title=language.title,
        version=facts.version if facts else None,
        start_mode=facts.start_mode if facts else "exec",
        aliases=list(language.aliases),
        file=language.file,
        limits=default_limits(language),
        starter=language.starter,
    )
