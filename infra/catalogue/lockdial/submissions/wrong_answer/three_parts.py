# Cuts off a third instead of a half: too slow for large dials.
low, high = 1, int(input())
while True:
    number = low + (high - low) // 3
    print(number, flush=True)
    try:
        reply = input()
    except EOFError:
        break
    if reply == "open":
        break
    if reply == "low":
        low = number + 1
    else:
        high = number - 1
