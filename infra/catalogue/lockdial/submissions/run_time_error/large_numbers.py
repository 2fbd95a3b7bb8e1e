# Has a list of all numbers, and little room for it.
n = int(input())
assert n < 10**6, "too large a dial"
low, high = 1, n
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
