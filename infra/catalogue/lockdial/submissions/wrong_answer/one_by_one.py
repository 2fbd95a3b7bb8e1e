# Turns the dial number by number.
for number in range(1, int(input()) + 1):
    print(number, flush=True)
    if input() != "low":
        break
