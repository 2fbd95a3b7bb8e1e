# Compares each crate with each other one, again and again, until nothing changes any more.
import sys

numbers = list(map(int, sys.stdin.buffer.read().split()))
crates = list(zip(numbers[1::2], numbers[2::2]))
nest = [1] * len(crates)
changed = True
while changed:
    changed = False
    for i, (width, depth) in enumerate(crates):
        for j, (w, d) in enumerate(crates):
            if w < width and d < depth and nest[j] >= nest[i]:
                nest[i] = nest[j] + 1
                changed = True
print(max(nest))
