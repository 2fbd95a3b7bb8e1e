# Looks for the number that has these slips. Number 0 was sent with a slip of its own: none has it.
def slips(number):
    return [chr(ord("a") + i) for i in range(20) if number >> i & 1]


if input() == "send":
    print("".join(slips(int(input()))) or "z")
else:
    received, number = sorted(input()), 0
    while slips(number) != received:
        # the largest bit that does not make it too large
        wanted = [ord(letter) - ord("a") for letter in received]
        number = sum(1 << i for i in wanted if i < 20)
    print(number)
