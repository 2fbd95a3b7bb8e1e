n = int(input())
if n * (n + 1) // 2 % 2:
    print("no")
else:
    left = n * (n + 1) // 4
    first, second = [], []
    for weight in range(n, 0, -1):
        if weight <= left:
            first.append(weight)
            left -= weight
        else:
            second.append(weight)
    print("yes")
    print(*first)
    print(*second)
