"""What a contestant may know of a problem: its page, and the files behind it.

Only what is listed here leaves the store: statements and their pictures, samples as they
are shown, attachments. Hidden tests, validators and example submissions have no name here.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from msgspec import structs

from shared.blobs import Blobs, read
from shared.languages import known
from shared.models import Stored
from shared.problems.answers import ProblemEntry, ProblemPage, SampleAnswer
from shared.problems.model import File, Package, SampleText, Statement
from shared.problems.statements import Sample, StatementRefused, render
from shared.problems.timing import time_limit_ms
from shared.signatures import SignatureError, parse_signature, starters

#: Of a sample's text the page shows so much; all of it is a file.
MAX_SHOWN_BYTES = 16 * 1024
_PICTURES = (".png", ".jpg", ".jpeg", ".svg", ".gif", ".webp", ".pdf")
_RENDERED = ("md", "tex", "html", "txt")


class Rendered(Stored, kw_only=True):
    """A statement as it is shown, kept while it is asked for."""

    language: str | None = None
    title: str | None = None
    html: str | None = None
    file: str | None = None


def public_files(package: Package) -> dict[str, File]:
    """Every file that may be fetched, by the name it is fetched by."""
    files = {
        name: file
        for name, file in package.statement_files.items()
        if name.lower().endswith(_PICTURES)
    }
    files |= {it.file.name: it.file for it in package.statements if it.kind == "pdf"}
    for sample in package.samples:
        files |= {f"samples/{name}": file for name, file in _sample_files(sample).items()}
    return files | package.attachments


def _sample_files(sample: SampleText) -> dict[str, File]:
    """The whole texts of a sample, as they are downloaded."""
    if sample.interaction is not None:
        return {f"{sample.name}.interaction": sample.interaction}
    pairs = {
        f"{sample.name}.in": sample.download_input,
        f"{sample.name}.ans": sample.download_output,
    }
    return {name: file for name, file in pairs.items() if file is not None}


def rendered(package: Package, blobs: Blobs, language: str) -> Rendered:
    """The statement in a language, or in the first one there is."""
    statement = _chosen(package, language)
    if statement is None:
        return Rendered()
    if statement.kind not in _RENDERED:
        name = quote(statement.file.name)
        link = f"/problems/{package.short_name}/files/{name}"
        return Rendered(language=statement.language, file=link)
    shown = [_shown(sample, package.short_name, blobs) for sample in package.samples]
    try:
        found = render(
            read(blobs, statement.file.digest),
            statement.kind,  # type: ignore[arg-type]
            problem_id=package.short_name,
            samples=[_as_sample(it) for it in shown],
            constants=package.constants,
            files=list(public_files(package)),
        )
    except StatementRefused as error:
        return Rendered(language=statement.language, html=f"<p>{error}</p>")
    return Rendered(language=statement.language, title=found.title, html=found.html)


def _chosen(package: Package, language: str) -> Statement | None:
    by_language: dict[str, Statement] = {}
    for statement in package.statements:
        by_language.setdefault(statement.language, statement)
    short = language.partition("-")[0]
    for wanted in (language, short, *by_language):
        if wanted in by_language:
            return by_language[wanted]
    return None


def _as_sample(shown: SampleAnswer) -> Sample:
    return Sample(
        input=shown.input or "",
        output=shown.output or "",
        interaction=shown.interaction,
        description=shown.description,
    )


def _shown(sample: SampleText, problem_id: str, blobs: Blobs) -> SampleAnswer:
    cut = False

    def text(file: File | None) -> str | None:
        nonlocal cut
        if file is None:
            return None
        cut = cut or file.size > MAX_SHOWN_BYTES
        with blobs.open(file.digest) as stream:
            return stream.read(MAX_SHOWN_BYTES).decode(errors="replace")

    names = {"in": "input", "ans": "output", "interaction": "interaction"}
    links = {
        names[name.rpartition(".")[2]]: f"/problems/{problem_id}/files/samples/{quote(name)}"
        for name in _sample_files(sample)
    }
    shown = SampleAnswer(
        name=sample.name,
        input=text(sample.input),
        output=text(sample.output),
        interaction=text(sample.interaction),
        description=sample.description,
        links=links,
    )
    return structs.replace(shown, truncated=cut)


def page(
    entry: ProblemEntry,
    package: Package,
    blobs: Blobs,
    statement: Rendered,
    there: set[str],
) -> ProblemPage:
    """The whole answer; `there` are the languages that are installed."""
    allowed = there if package.languages is None else there & set(package.languages)
    languages = {statement.language: None for statement in package.statements}
    title = statement.title or package.name_in(statement.language or "en")
    whole: dict[str, Any] = structs.asdict(entry) | {"languages": sorted(allowed)}
    return ProblemPage(
        **whole,
        language=statement.language,
        statement_languages=list(languages),
        title=title,
        statement=statement.html,
        statement_file=statement.file,
        sample_texts=[_shown(sample, package.short_name, blobs) for sample in package.samples],
        limits={
            "cpuTimeMs": time_limit_ms(package),
            "memoryBytes": package.limits.memory_bytes,
            "outputBytes": package.limits.output_bytes,
            "codeBytes": package.limits.code_bytes,
        },
        starters=_starters(package, allowed),
        function=package.extension.function,
        attachments=sorted(package.attachments),
        authors=list(package.authors),
        source=package.source,
        license=package.license,
    )


def _starters(package: Package, allowed: set[str]) -> dict[str, str]:
    if package.extension.function is None:
        return {name: it.starter for name, it in known().items() if name in allowed and it.starter}
    try:
        made = starters(parse_signature(package.extension.function))
    except SignatureError:
        return {}
    return {name: text for name, text in made.items() if name in allowed}
