# @EXPECTED_GRADES@ WA AC WA
# Takes what is worth most, as long as it fits: right if all weigh the same. 30 points.
n, c = map(int, input().split())
total = 0
for worth, weight in sorted(map(lambda line: tuple(map(int, line.split()))[::-1],
                                (input() for _ in range(n))), reverse=True):
    if weight <= c:
        c -= weight
        total += worth
print(total)
