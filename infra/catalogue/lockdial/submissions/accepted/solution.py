low, high = 1, int(input())
while True:
    middle = (low + high) // 2
    print(middle, flush=True)
    reply = input()
    if reply == "open":
        break
    if reply == "low":
        low = middle + 1
    else:
        high = middle - 1
