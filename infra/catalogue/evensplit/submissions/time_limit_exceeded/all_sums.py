# Finds out for every sum up to the half whether some of the bars have it: n^3 steps.
n = int(input())
half, odd = divmod(n * (n + 1) // 2, 2)
if odd:
    print("no")
else:
    last = [0] * (half + 1)  # the bar that made a sum possible
    for weight in range(1, n + 1):
        for total in range(half, weight - 1, -1):
            if not last[total] and (total == weight or last[total - weight]):
                last[total] = weight
    first = []
    while half:
        first.append(last[half])
        half -= last[half]
    print("yes")
    print(*first)
    print(*(set(range(1, n + 1)) - set(first)))
