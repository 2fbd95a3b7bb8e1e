# Looks at the first and the last signpost only.
n = int(input())
heights = list(map(int, input().split()))
print(max(0, heights[-1] - heights[0]))
