# Tries all 2^n ways.
import sys
from itertools import product

numbers = list(map(int, sys.stdin.buffer.read().split()))
n, pairs = numbers[0], list(zip(numbers[2::2], numbers[3::2]))
for team in product("AB", repeat=n):
    if all(team[a - 1] != team[b - 1] for a, b in pairs):
        print("".join(team))
        break
else:
    print("impossible")
