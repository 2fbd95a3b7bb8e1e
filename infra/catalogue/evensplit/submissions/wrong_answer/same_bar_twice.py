# Gives both pirates the same bars.
n = int(input())
if n % 4 in (1, 2):
    print("no")
else:
    print("yes")
    print(*range(1, n + 1))
    print(*range(1, n + 1))
