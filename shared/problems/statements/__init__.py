"""Statements: Markdown or LaTeX of a problem package to HTML that a page may show as it is.

Theory of operation. What an author wrote is never trusted, and neither are the libraries
that read it. Three steps keep it harmless, and each would be enough for most attacks:

1. `markdown` or `tex` make HTML of the source. Formulas and samples do not go into it: they
   stay in numbered *slots*, and a mark in the text says where they belong.
2. `clean` parses that HTML as a browser does and keeps the tags and attributes of a list. The
   list has no `math` and no `svg`: text that changes its meaning between HTML and those
   languages is how sanitisers have been fooled.
3. `slots` puts formulas and samples in. Both are built here from a tree, name by name from a
   list, every text escaped.

All of it is linear in the source, and the source is bounded: see `MAX_SOURCE_BYTES`.
"""

from shared.problems.statements.bounds import MAX_SOURCE_BYTES, StatementRefused
from shared.problems.statements.render import Statement, render
from shared.problems.statements.samples import Sample

__all__ = ["MAX_SOURCE_BYTES", "Sample", "Statement", "StatementRefused", "render"]
