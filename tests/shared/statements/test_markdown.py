"""Statements in Markdown."""

from __future__ import annotations

import re

import pytest

from shared.problems.statements import Sample, Statement, render

SAMPLES = [
    Sample("1 2\n", "3\n"),
    Sample("\n  <x>\n", "&\n", description="Spaces & all"),
    Sample(interaction="< 10\n> 5\n---\n> 7\n"),
]


def markdown(source: str, constants: dict[str, str] | None = None) -> Statement:
    return render(
        source.encode(), "md", problem_id="sum", samples=SAMPLES, constants=constants or {}
    )


def test_what_commonmark_tables_and_footnotes_say_is_kept() -> None:
    html = markdown(
        "# A\n\n*b* **c** `d`[^n]\n\n1. e\n2. f\n\n| l | r |\n|:--|--:|\n| 1 | 2 |\n\n[^n]: note"
    ).html
    assert "<h1>A</h1>" in html
    assert "<em>b</em> <strong>c</strong> <code>d</code>" in html
    assert re.search(r"<ol>\s*<li>e</li>\s*<li>f</li>\s*</ol>", html)
    assert '<th class="left">l</th>' in html
    assert '<td class="right">2</td>' in html
    assert '<a href="#fn1" id="fnref1"' in html
    assert '<li id="fn1" class="footnote-item"><p>note' in html


def test_formulas_are_mathml_and_their_source_can_be_copied() -> None:
    html = markdown(r"For $1 \le n < 10^5$ find $$\sum_{i=1}^{n} \frac{a_i}{2}.$$").html
    assert '<math display="inline" alttext="1 \\le n &lt; 10^5">' in html
    assert "<mo>≤</mo>" in html
    assert "<msup><mn>10</mn><mn>5</mn></msup>" in html
    assert '<math display="block"' in html
    assert "<munderover><mo>∑</mo>" in html
    assert "<mfrac>" in html


@pytest.mark.parametrize("tex", [r"\left( x", r"\begin{matrix} a & b", r"\nosuchword{x}"])
def test_a_formula_that_is_not_understood_is_shown_as_tex_with_a_warning(tex: str) -> None:
    shown = markdown(f"See ${tex}$.")
    assert '<code class="math">' in shown.html
    assert "is shown as TeX" in shown.warnings[0]


def test_pictures_are_files_of_the_package_and_nothing_else() -> None:
    shown = markdown(
        "![A cycle](cycle.png) ![x](./b.svg) ![y](https://a.example/c.png) ![z](d.exe)"
    )
    assert '<img src="/problems/sum/files/cycle.png" alt="A cycle">' in shown.html
    assert 'src="/problems/sum/files/b.svg"' in shown.html
    assert "a.example" not in shown.html
    assert "d.exe" not in shown.html
    assert len(shown.warnings) == 2


def test_links_go_elsewhere_without_telling_where_from_or_to_files_of_the_package() -> None:
    html = markdown("[a](https://a.example/x?y=1#z) [b](data.zip) [c](/logout)").html
    rel = 'rel="noopener noreferrer nofollow"'
    assert f'<a href="https://a.example/x?y=1#z" {rel}>a</a>' in html
    assert f'<a href="/problems/sum/files/data.zip" {rel}>b</a>' in html
    assert "logout" not in html


def test_constants_are_put_in_everywhere_also_into_formulas() -> None:
    shown = markdown("At most {{n}}, $x^{{{e.small}}}$, {{nosuch}}.", {"n": "100", "e.small": "5"})
    assert "At most 100," in shown.html
    assert "<msup><mi>x</mi><mrow><mn>5</mn></mrow></msup>" in shown.html
    assert "{{nosuch}}" in shown.html
    assert shown.warnings == ("{{nosuch}} is no constant of this problem",)


def test_samples_come_last_in_order_with_their_texts_unchanged() -> None:
    html = markdown("Add.").html
    assert html.startswith("<p>Add.</p>")
    assert [int(n) for n in re.findall(r"<h3>Sample (\d)</h3>", html)] == [1, 2, 3]
    # a parser drops the line break right after <pre>
    assert '<pre class="sample-input">\n1 2\n</pre>' in html
    assert '<pre class="sample-input">\n\n  &lt;x&gt;\n</pre>' in html
    assert "<p>Spaces &amp; all</p>" in html
    assert '<span class="reads">10</span>\n<span class="writes">5</span>\n' in html
    assert '<span class="pass">---</span>' in html


def test_samples_stand_where_the_statement_asks_for_them_and_each_once() -> None:
    html = markdown(
        "A\n\n{{nextsample}}\n\nB\n\n{{remainingsamples}}\n\nC {{remainingsamples}}"
    ).html
    order = re.findall(r"<p>([ABC])|<h3>Sample (\d)", html)
    assert ["".join(pair) for pair in order] == ["A", "1", "B", "2", "3", "C"]


def test_asking_for_more_samples_than_there_are_is_a_warning() -> None:
    shown = markdown("{{nextsample}}" * 4)
    assert shown.warnings == ("the statement asks for more samples than there are",)
    assert shown.html.count("<section") == 3


def test_a_huge_sample_is_cut_and_says_so() -> None:
    html = render(b"x", "md", problem_id="a", samples=[Sample("x" * 20_000, "y")]).html
    assert "… and 3616 more characters" in html
    assert len(html) < 18_000


def test_other_kinds_plain_text_and_html() -> None:
    assert render(b"a <b>\n $x$", "txt", problem_id="a").html == "<pre>a &lt;b&gt;\n $x$</pre>"
    assert render(b"<p onclick=x>a", "html", problem_id="a").html == "<p>a</p>"
