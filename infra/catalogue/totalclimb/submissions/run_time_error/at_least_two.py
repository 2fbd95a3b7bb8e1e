# A trail with a single signpost has no second one.
n = int(input())
heights = list(map(int, input().split()))
climb = max(0, heights[1] - heights[0])
for i in range(2, n):
    climb += max(0, heights[i] - heights[i - 1])
print(climb)
