"""Which languages functions can be called in, and the names of files that belong to that."""

from __future__ import annotations

#: Their values say themselves what they are: they need no signature.
DYNAMIC = frozenset({"python", "javascript", "typescript"})
LANGUAGES = DYNAMIC | {"cpp17", "cpp20", "java", "go"}
#: Where a harness leaves the result.
RESULT = ".assay-result"
#: Names in the work folder that no file of a submission may have: those of the solution, of
#: the harnesses, and of the result.
RESERVED = (
    *("main.py", "main.js", "main.ts", "main.cpp", "Main.java", "main.go"),
    *("solution.py", "solution.js", "solution.ts", "solution.cpp", "Solution.java", "solution.go"),
    *("assay_values.py", "assay.js", "assay.go", "nodes.go"),
    *("Nodes.java", "ListNode.java", "TreeNode.java"),
    RESULT,
)
