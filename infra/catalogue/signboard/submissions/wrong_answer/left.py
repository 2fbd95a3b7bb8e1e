# Begins every line at the left.
lines = [input() for _ in range(int(input()))]
width = max(map(len, lines))
border = f"+{'-' * (width + 2)}+"
print(border)
for line in lines:
    print(f"| {line:<{width}} |")
print(border)
