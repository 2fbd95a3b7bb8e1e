# Takes all of it.
n, c = map(int, input().split())
print(sum(int(input().split()[1]) for _ in range(n)))
