# @EXPECTED_GRADES@ RTE RTE AC
# One place in the table for each gram: there are too many in groups 1 and 2. 50 points.
n, c = map(int, input().split())
if c > 10**5:
    raise MemoryError("too large a table")
best = [0] * (c + 1)
for _ in range(n):
    weight, worth = map(int, input().split())
    for now in range(c, weight - 1, -1):
        best[now] = max(best[now], best[now - weight] + worth)
print(best[c])
