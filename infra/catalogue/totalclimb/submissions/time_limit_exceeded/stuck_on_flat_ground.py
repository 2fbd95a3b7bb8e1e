# Forgets to go on where two signposts are equally high.
n = int(input())
heights = list(map(int, input().split()))
climb, i = 0, 1
while i < n:
    if heights[i] > heights[i - 1]:
        climb += heights[i] - heights[i - 1]
        i += 1
    elif heights[i] < heights[i - 1]:
        i += 1
print(climb)
