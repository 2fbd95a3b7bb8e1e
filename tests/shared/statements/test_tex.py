"""Statements in LaTeX."""

from __future__ import annotations

import re

import pytest

from shared.problems.statements import Sample, Statement, render

REL = ' rel="noopener noreferrer nofollow"'
SAMPLES = [Sample("1\n", "2\n"), Sample("3\n", "4\n")]


def tex(source: str, **constants: str) -> Statement:
    return render(
        source.encode(),
        "tex",
        problem_id="sum",
        samples=SAMPLES,
        constants=constants,
        files=["cycle.png", "plan.pdf"],
    )


def body(source: str) -> str:
    """The statement without its samples, on one line."""
    return " ".join(tex(source).html.partition("<section")[0].split())


def tight(html: str) -> str:
    """Without the spaces beside tags, and without paragraphs that have nothing else."""
    return re.sub(r"(?<=>) +| +(?=<)| +$", "", html).replace("<p></p>", "")


@pytest.mark.parametrize(
    ("source", "html"),
    [
        ("a\nb\n\nc", "<p>a b </p><p>c</p>"),
        ("50\\% \\#1 \\& \\_x \\{y\\} \\$5 % gone\nnext", "<p>50% #1 &amp; _x {y} $5 next</p>"),
        ("``a'' `b' -- --- c~\\ldots{} <<x>>", "<p>“a” ‘b’ – — c&nbsp;… «x»</p>"),
        (
            "\\textbf{a \\emph{b}} \\texttt{c}",
            "<p><strong>a <em>b</em></strong> <code>c</code></p>",
        ),
        ("{\\bf a {\\it b} c} d", "<p><strong>a <em>b</em> c</strong> d</p>"),
        ("\\underline{a} \\sout{b}\\\\c", "<p><u>a</u> <s>b</s><br>c</p>"),
        ("\\'e \\\"{o} \\~n \\c{c} \\aa \\ss{} \\v{s}", "<p>é ö ñ ç åß š</p>"),
        (
            "\\section*{A $x$} b",
            '<h2>A <math display="inline" alttext="x"><mrow><mi>x</mi></mrow></math></h2><p>b</p>',
        ),
        (
            "\\begin{Input}a\\end{Input}\\begin{Output}b\\end{Output}",
            "<h2>Input</h2><p>a</p><h2>Output</h2><p>b</p>",
        ),
        ("\\begin{Interaction}a\\end{Interaction}", "<h2>Interaction</h2><p>a</p>"),
        (
            "\\begin{itemize}\\item a\\item[z] b\\end{itemize}",
            "<ul><li>a</li><li><strong>z</strong> b</li></ul>",
        ),
        (
            "\\begin{enumerate} \\item a \\begin{itemize} \\item b \\end{itemize} \\end{enumerate}",
            "<ol> <li>a <ul> <li>b </li></ul><p> </p></li></ol>",
        ),
        ("\\begin{verbatim}\n  <a> % \\b $x$\n\\end{verbatim}", "<pre> &lt;a&gt; % \\b $x$ </pre>"),
        ("\\verb|a\\b{$| c", "<p><code>a\\b{$</code> c</p>"),
        (
            "\\begin{tabular}{|l|r|}\\hline a & \\textbf{b} \\\\ \\hline 1\\&2"
            " & 3 \\\\\n\\end{tabular}",
            "<table><tbody><tr><td>a</td><td><strong>b</strong></td></tr>"
            "<tr><td>1&amp;2</td><td>3</td></tr></tbody></table>",
        ),
        ("\\begin{quote}a\\end{quote}", "<blockquote><p>a</p></blockquote>"),
        (
            "\\href{https://a.example/x\\_y}{a \\emph{b}}",
            '<p><a href="https://a.example/x_y"REL>a <em>b</em></a></p>',
        ),
        (
            "\\includegraphics[width=0.5\\textwidth]{cycle}",
            '<p><img src="/problems/sum/files/cycle.png" alt="" width="50%"></p>',
        ),
        (
            "\\includegraphics{plan}",
            '<p><a href="/problems/sum/files/plan.pdf"REL>plan.pdf</a></p>',
        ),
        (
            "\\illustration{0.3}{cycle.png}{A \\emph{c}}",
            '<figure class="illustration"><img src="/problems/sum/files/cycle.png" alt=""'
            ' width="30%">'
            "<figcaption>A <em>c</em></figcaption></figure>",
        ),
        ("\\newcommand{\\big}[2]{#2 over #1}\\big{a}{b}", "<p>b over a</p>"),
        ("\\vspace{1cm}\\noindent\\label{x}a", "<p>a</p>"),
    ],
)
def test_the_subset_of_the_format(source: str, html: str) -> None:
    assert tight(body(source)) == tight(html.replace("REL", REL))


def test_formulas_in_every_spelling() -> None:
    html = body(
        r"$a$ \(b\) $$c$$ \[d\] \begin{equation}e\end{equation} \begin{align}f&=g\\h&=i\end{align}"
    )
    assert html.count('display="inline"') == 2
    assert html.count('display="block"') == 4
    assert "<mtable" in html


def test_macros_and_constants_reach_into_formulas() -> None:
    shown = tex(r"\newcommand{\maxn}{10^5}$n \le \maxn$ and \constant{k}, $\constant{k}$", k="77")
    assert "<msup><mn>10</mn><mn>5</mn></msup>" in shown.html
    assert "and 77" in shown.html
    assert "<mn>77</mn>" in shown.html


@pytest.mark.parametrize(
    ("source", "title"),
    [
        ("\\problemname{Two $n$ \\emph{Sums}}\n%% plainproblemname: Two n Sums\na", "Two n Sums"),
        ("\\problemname{Fish \\& Chips}a", "Fish & Chips"),
        ("\\problemname\na", None),
        ("a", None),
    ],
)
def test_the_name_of_the_problem_is_taken_out_of_the_text(source: str, title: str | None) -> None:
    shown = tex(source)
    assert shown.title == title
    assert tight(shown.html.replace("\n", " ")).startswith("<p>a</p>")


def test_samples_stand_where_the_statement_asks_for_them() -> None:
    html = tex("A \\nextsample B \\remainingsamples C").html
    order = re.findall(r"<p>\s*([ABC])|<h3>Sample (\d)", html)
    assert ["".join(pair) for pair in order] == ["A", "1", "B", "2", "C"]


def test_footnotes_come_at_the_end() -> None:
    html = render(b"a\\footnote{b \\emph{c}} d", "tex", problem_id="a").html
    assert html.startswith('<p>a<sup class="footnote-ref">1</sup> d')
    assert html.endswith('<section class="footnotes"><ol><li>b <em>c</em></li></ol></section>')


def test_what_is_unknown_degrades_to_its_text_with_a_warning() -> None:
    shown = tex("\\foo[x]{a} \\begin{bar}b\\end{bar} c")
    assert "a" in shown.html and "b" in shown.html and "c" in shown.html
    assert "foo" not in shown.html
    assert shown.warnings == (
        "\\foo is not known: its text is kept",
        "the environment bar is not known: its text is kept",
    )


@pytest.mark.parametrize(
    "source", ["$a", "{a", "a}", "\\[a", "\\begin{verbatim}a", "\\", "\\begin"]
)
def test_what_is_not_closed_loses_no_other_text(source: str) -> None:
    assert "before" in tex(f"before {source}").html
