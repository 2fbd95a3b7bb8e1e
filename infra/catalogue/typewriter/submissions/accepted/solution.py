paper = []
for key in input():
    if key != "<":
        paper.append(key)
    elif paper:
        paper.pop()
print("".join(paper) or "(empty)")
