# Nests crates of the same width.
import sys
from bisect import bisect_left

numbers = list(map(int, sys.stdin.buffer.read().split()))
tails = []
for _, depth in sorted(zip(numbers[1::2], numbers[2::2])):
    place = bisect_left(tails, depth)
    tails[place : place + 1] = [depth]
print(len(tails))
