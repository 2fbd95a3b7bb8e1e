"""From a submission to a program that is ready and the plan it is judged by."""

from __future__ import annotations

from functions.execute.judging import inline, packaged
from functions.execute.judging.assertions import asserting, with_assertions
from functions.execute.judging.calls.harness import Call, place
from functions.execute.judging.calls.outcome import call_plan
from functions.execute.judging.drivers import with_included
from functions.execute.judging.naming import file_of
from functions.execute.judging.packaged import Contents
from functions.execute.judging.plan import Plan
from functions.execute.judging.programs import Ready, Source
from functions.execute.judging.tools import NoLanguage, Tools
from shared.languages import Language
from shared.models import Spec
from shared.signatures import LANGUAGES


def planned(spec: Spec, tools: Tools) -> tuple[Ready, Plan]:
    """Compile the program, and see how it is to be judged.

    Raises:
        NotBuilt: the compiler refused the program.
        NoLanguage: this worker cannot run it.
        JudgeFault: it cannot be judged.
        BlobMissing: the package is not stored (any more).
        GivenUp: it was stopped from outside.
    """
    toolchain = tools.toolchains.get(spec.language)
    if toolchain is None:
        raise NoLanguage(spec.language)
    contents = None
    if spec.package:
        contents = Contents(tools.packages.package(spec.package), tools.packages.read)
    call = _call(spec, contents)
    if spec.assertions:
        spec, word = with_assertions(spec)
    ready = tools.ready(_source(spec, toolchain.language, call, contents), spec.language)
    if spec.assertions:
        return ready, asserting(inline.plan_of(spec, ready, tools), word)
    if contents is not None:
        return ready, packaged.plan_of(spec, contents, ready, tools)
    return ready, call_plan(spec, call) if call else inline.plan_of(spec, ready, tools)


def _call(spec: Spec, contents: Contents | None) -> Call | None:
    if contents is not None:
        return packaged.call_of(contents.package)
    return Call.stored(spec.call) if spec.call else None


def _source(spec: Spec, language: Language, call: Call | None, contents: Contents | None) -> Source:
    files = dict(spec.files)
    included = contents.included(language.name) if contents is not None else {}
    if included and call is None:
        return with_included(spec, language, included)
    files |= included
    if call is not None:
        if language.name not in LANGUAGES:
            raise NoLanguage(f"harness for functions in {language.name}")
        return Source(files={**files, **place(language.name, call, spec.code)})
    entry = spec.entry or file_of(language, spec.code, files)
    sources = tuple(spec.sources)
    return Source(files={**files, entry: spec.code.encode()}, entry=entry, sources=sources)
