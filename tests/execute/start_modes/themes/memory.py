"""Programs that use much: of memory, of time, of recursion."""

from __future__ import annotations

from tests.execute.start_modes.table import Row

ROWS = [
    Row("a hundred megabytes", "x = bytearray(100 << 20); print(len(x), x[-1])", out="104857600 0"),
    Row(
        "a million objects",
        "x = [str(n) for n in range(10**6)]; print(len(x), x[-1])",
        out="1000000 999999",
    ),
    Row(
        "a dict that grows and shrinks",
        """
        d = {}
        for n in range(200_000): d[n] = str(n)
        for n in range(0, 200_000, 2): del d[n]
        print(len(d), next(iter(d)), d.popitem())
        """,
        out="100000 1 (199999, '199999')",
    ),
    Row(
        "a sieve",
        """
        n = 300_000; s = bytearray([1]) * (n + 1); s[:2] = b"\\0\\0"
        for i in range(2, int(n**.5) + 1):
            if s[i]: s[i*i::i] = bytes(len(s[i*i::i]))
        print(sum(s))
        """,
        out="25997",
    ),
    Row(
        "n queens",
        """
        def q(n, r=0, c=0, d=0, e=0):
            if r == n: return 1
            return sum(q(n, r + 1, c | 1 << i, d | 1 << (r + i), e | 1 << (r - i + n))
                       for i in range(n)
                       if not (c >> i & 1 or d >> (r + i) & 1 or e >> (r - i + n) & 1))
        print(q(7))
        """,
        out="40",
    ),
    Row(
        "dynamic programming with a cache",
        """
        import functools, sys
        sys.setrecursionlimit(10_000)
        @functools.cache
        def f(n): return n if n < 2 else f(n - 1) + f(n - 2)
        print(f(2000) % 10**9, f.cache_info())
        """,
        out="CacheInfo",
    ),
    Row(
        "a graph from stdin",
        """
        import collections, heapq, sys
        n, m = map(int, sys.stdin.readline().split()); g = collections.defaultdict(list)
        for line in sys.stdin: a, b, w = map(int, line.split()); g[a].append((b, w))
        best = {1: 0}; heap = [(0, 1)]
        while heap:
            d, a = heapq.heappop(heap)
            for b, w in g[a]:
                if d + w < best.get(b, 1 << 60): best[b] = d + w; heapq.heappush(heap, (d + w, b))
        print(best[n])
        """,
        out="7",
        stdin=b"4 4\n1 2 3\n2 4 4\n1 3 9\n3 4 1\n",
    ),
    Row(
        "an exhausted memory limit is the same",
        "x = []\nwhile True: x.append(bytearray(1 << 20))",
        None,
        silent=True,
    ),
]
