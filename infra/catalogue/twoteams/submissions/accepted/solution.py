import sys

numbers = list(map(int, sys.stdin.buffer.read().split()))
n = numbers[0]
friends = [[] for _ in range(n + 1)]
for a, b in zip(numbers[2::2], numbers[3::2]):
    friends[a].append(b)
    friends[b].append(a)
team = [""] * (n + 1)
possible = True
for child in range(1, n + 1):
    if team[child]:
        continue
    team[child] = "A"
    waiting = [child]
    while waiting:
        now = waiting.pop()
        for friend in friends[now]:
            if not team[friend]:
                team[friend] = "B" if team[now] == "A" else "A"
                waiting.append(friend)
            elif team[friend] == team[now]:
                possible = False
print("".join(team) if possible else "impossible")
