# Fences a rectangle.
import sys

numbers = list(map(int, sys.stdin.buffer.read().split()))
xs, ys = numbers[1::2], numbers[2::2]
print(2 * (max(xs) - min(xs) + max(ys) - min(ys)))
