# Relies on the order of the slips.
if input() == "send":
    print("".join(chr(ord("a") + int(digit)) for digit in input()))
else:
    print(int("".join(str(ord(letter) - ord("a")) for letter in input())))
