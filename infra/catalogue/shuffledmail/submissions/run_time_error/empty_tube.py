# Finds nothing to begin with where all bits are 0.
if input() == "send":
    number = int(input())
    letters = [chr(ord("a") + i) for i in range(20) if number >> i & 1]
    print(letters[0] + "".join(letters[1:]))
else:
    print(sum(1 << ord(letter) - ord("a") for letter in input()))
