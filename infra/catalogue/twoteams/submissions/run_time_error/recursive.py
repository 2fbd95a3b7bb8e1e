# One call for each friend of a friend: too deep for a long chain.
import sys

numbers = list(map(int, sys.stdin.buffer.read().split()))
n = numbers[0]
friends = [[] for _ in range(n + 1)]
for a, b in zip(numbers[2::2], numbers[3::2]):
    friends[a].append(b)
    friends[b].append(a)
team = [""] * (n + 1)


def join(child, letter):
    if team[child]:
        return team[child] == letter
    team[child] = letter
    return all([join(friend, "B" if letter == "A" else "A") for friend in friends[child]])


ways = [join(child, "A") for child in range(1, n + 1) if not team[child]]
print("".join(team) if all(ways) else "impossible")
