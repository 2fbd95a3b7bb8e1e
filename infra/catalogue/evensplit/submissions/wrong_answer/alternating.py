# One for you, one for me.
n = int(input())
if n * (n + 1) // 2 % 2:
    print("no")
else:
    print("yes")
    print(*range(1, n + 1, 2))
    print(*range(2, n + 1, 2))
