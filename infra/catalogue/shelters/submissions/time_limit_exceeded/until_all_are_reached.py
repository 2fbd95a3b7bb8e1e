# Waits for fields that nobody ever reaches.
import sys

rows, columns, *lines = sys.stdin.read().split()
width = int(columns) + 1
fields = list("#" * width + "#".join(lines) + "#" * (width + 1))
front = [place for place, field in enumerate(fields) if field == "S"]
minutes = 0
while "." in fields:
    reached = []
    for place in front:
        for beside in (place - width, place - 1, place + 1, place + width):
            if fields[beside] == ".":
                fields[beside] = "S"
                reached.append(beside)
    front = reached
    minutes += 1
print(minutes)
