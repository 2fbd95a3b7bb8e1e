import sys
from bisect import bisect_left

numbers = list(map(int, sys.stdin.buffer.read().split()))
crates = sorted(zip(numbers[1::2], numbers[2::2]), key=lambda crate: (crate[0], -crate[1]))
# tails[i]: the smallest depth that a nest of i + 1 crates can end with. Of equal widths the
# deepest comes first, so that a nest cannot hold two of them.
tails = []
for _, depth in crates:
    place = bisect_left(tails, depth)
    tails[place : place + 1] = [depth]
print(len(tails))
