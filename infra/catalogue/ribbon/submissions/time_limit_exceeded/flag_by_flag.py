# Takes n steps.
n = int(input())
red, other = 1, 2
for _ in range(n - 1):
    red, other = other, 2 * (red + other) % (10**9 + 7)
print((red + other) % (10**9 + 7))
