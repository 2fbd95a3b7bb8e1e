# Always takes the next crate that fits around the last one.
import sys

numbers = list(map(int, sys.stdin.buffer.read().split()))
count, width, depth = 0, 0, 0
for w, d in sorted(zip(numbers[1::2], numbers[2::2])):
    if w > width and d > depth:
        count, width, depth = count + 1, w, d
print(count)
