# Bit i of the number is letter i: 20 bits are enough. A "z" says that there is a tube at all.
if input() == "send":
    number = int(input())
    print("".join(chr(ord("a") + i) for i in range(20) if number >> i & 1) or "z")
else:
    print(sum(1 << ord(letter) - ord("a") for letter in input() if letter != "z"))
