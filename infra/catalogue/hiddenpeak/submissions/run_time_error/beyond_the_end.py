# Expects a summit that has places on both of its sides.
def height(place):
    print("?", place, flush=True)
    return int(input())


n = int(input())
low, high = 2, n - 1
while low < high:
    middle = (low + high) // 2
    if height(middle) < height(middle + 1):
        low = middle + 1
    else:
        high = middle
if low != high or low == 2 and height(1) > height(2) or low == n - 1 and height(n) > height(low):
    raise ValueError("that is no ridge")
print("!", low, flush=True)
