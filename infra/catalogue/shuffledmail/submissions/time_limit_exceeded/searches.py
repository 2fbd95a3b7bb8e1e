# Receives by trying all numbers, and never stops to try.
def slips(number):
    return "".join(chr(ord("a") + i) for i in range(20) if number >> i & 1) or "z"


if input() == "send":
    print(slips(int(input())))
else:
    received, number = input(), 0
    while slips(number) != received:
        number += 1
    print(number)
