n = int(input())
heights = list(map(int, input().split()))
print(sum(max(0, b - a) for a, b in zip(heights, heights[1:])))
