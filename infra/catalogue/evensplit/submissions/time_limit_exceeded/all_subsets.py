# Tries all subsets for the first pirate, the small ones first.
from itertools import combinations

n = int(input())
total = n * (n + 1) // 2
for size in range(n + 1):
    for first in combinations(range(1, n + 1), size):
        if 2 * sum(first) == total:
            print("yes")
            print(*first)
            print(*(set(range(1, n + 1)) - set(first)))
            raise SystemExit
print("no")
