# Looks for the end of the flat ground at the start; a trail that is all flat has none.
n = int(input())
heights = list(map(int, input().split()))
i = 1
while heights[i % n] == heights[0]:
    i += 1
climb = 0
while i < n:
    climb += max(0, heights[i] - heights[i - 1])
    i += 1
print(climb)
