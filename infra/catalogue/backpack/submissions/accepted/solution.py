# best: worth by weight. What weighs more and is worth no more is left out, which keeps it
# short: 2^15 ways in group 1, as many as there are things in 2, as many as grams in 3.
n, c = map(int, input().split())
best = {0: 0}
for _ in range(n):
    weight, worth = map(int, input().split())
    for old, value in list(best.items()):
        if old + weight <= c:
            best[old + weight] = max(best.get(old + weight, 0), value + worth)
    top = -1
    for now in sorted(best):
        if best[now] <= top:
            del best[now]
        else:
            top = best[now]
print(max(best.values()))
