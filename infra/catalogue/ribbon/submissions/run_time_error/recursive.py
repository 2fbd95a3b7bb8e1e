# Goes back flag by flag, and one call deeper each time.
def ways(n):
    if n == 1:
        return 1, 2
    red, other = ways(n - 1)
    return other % (10**9 + 7), 2 * (red + other) % (10**9 + 7)


print(sum(ways(int(input()))) % (10**9 + 7))
