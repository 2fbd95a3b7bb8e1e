# Gives the children their teams in order, and goes back to the one before where none is left.
import sys

numbers = list(map(int, sys.stdin.buffer.read().split()))
n = numbers[0]
friends = [set() for _ in range(n + 1)]
for a, b in zip(numbers[2::2], numbers[3::2]):
    friends[max(a, b)].add(min(a, b))
team, child = [""] * (n + 2), 1
while 1 <= child <= n:
    team[child] = {"": "A", "A": "B", "B": ""}[team[child]]
    if not team[child]:
        child -= 1
    elif all(team[friend] != team[child] for friend in friends[child]):
        child += 1
print("".join(team) if child else "impossible")
