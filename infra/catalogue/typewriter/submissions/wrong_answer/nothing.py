# Prints an empty line for empty paper.
paper = ""
for key in input():
    paper = paper[:-1] if key == "<" else paper + key
print(paper)
