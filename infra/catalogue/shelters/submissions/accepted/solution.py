import sys

rows, columns, *lines = sys.stdin.read().split()
width = int(columns) + 1
# One string, with rock between and around the rows.
fields = list("#" * width + "#".join(lines) + "#" * (width + 1))
front = [place for place, field in enumerate(fields) if field == "S"]
minutes = 0
while front:
    reached = []
    for place in front:
        for beside in (place - width, place - 1, place + 1, place + width):
            if fields[beside] == ".":
                fields[beside] = "S"
                reached.append(beside)
    front = reached
    minutes += bool(front)
print("unsafe" if "." in fields else minutes)
