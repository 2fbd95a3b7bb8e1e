# Takes back from empty paper.
paper = []
for key in input():
    if key == "<":
        paper.pop()
    else:
        paper.append(key)
print("".join(paper) or "(empty)")
