# As many slips as the number says.
if input() == "send":
    print("a" * (int(input()) + 1))
else:
    print(len(input()) - 1)
