# Counts the way down, too.
n = int(input())
heights = list(map(int, input().split()))
print(sum(abs(b - a) for a, b in zip(heights, heights[1:])))
