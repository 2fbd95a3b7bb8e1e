# Gives each child the team that its friends so far leave free, and never looks back.
import sys

numbers = list(map(int, sys.stdin.buffer.read().split()))
n = numbers[0]
friends = [set() for _ in range(n + 1)]
for a, b in zip(numbers[2::2], numbers[3::2]):
    friends[a].add(b)
    friends[b].add(a)
team = [""] * (n + 1)
for child in range(1, n + 1):
    taken = {team[friend] for friend in friends[child]}
    team[child] = "A" if "A" not in taken else "B"
    if team[child] in taken:
        print("impossible")
        break
else:
    print("".join(team))
