# Prints more than was asked for.
print("The teams are", "A" * int(input().split()[0]))
