# Walks over corners, too.
import sys

rows, columns, *lines = sys.stdin.read().split()
width = int(columns) + 1
fields = list("#" * width + "#".join(lines) + "#" * (width + 1))
front = [place for place, field in enumerate(fields) if field == "S"]
minutes = 0
while front:
    reached = []
    for place in front:
        for way in (width - 1, width, width + 1, 1):
            for beside in (place - way, place + way):
                if fields[beside] == ".":
                    fields[beside] = "S"
                    reached.append(beside)
    front = reached
    minutes += bool(front)
print("unsafe" if "." in fields else minutes)
