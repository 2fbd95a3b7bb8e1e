# Believes that it can always be done.
import sys

numbers = list(map(int, sys.stdin.buffer.read().split()))
n = numbers[0]
friends = [[] for _ in range(n + 1)]
for a, b in zip(numbers[2::2], numbers[3::2]):
    friends[a].append(b)
    friends[b].append(a)
team = [""] * (n + 1)
for child in range(1, n + 1):
    waiting = [] if team[child] else [child]
    team[child] = team[child] or "A"
    while waiting:
        now = waiting.pop()
        for friend in friends[now]:
            if not team[friend]:
                team[friend] = "B" if team[now] == "A" else "A"
                waiting.append(friend)
print("".join(team))
