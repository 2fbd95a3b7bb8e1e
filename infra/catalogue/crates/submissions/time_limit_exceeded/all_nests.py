# Tries every nest: twice as many with each crate.
import sys

sys.setrecursionlimit(10**6)
numbers = list(map(int, sys.stdin.buffer.read().split()))
crates = sorted(zip(numbers[1::2], numbers[2::2]))


def most(i, width, depth):
    if i == len(crates):
        return 0
    result = most(i + 1, width, depth)
    if crates[i][0] > width and crates[i][1] > depth:
        result = max(result, 1 + most(i + 1, *crates[i]))
    return result


print(most(0, 0, 0))
