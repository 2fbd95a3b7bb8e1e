# Throws a third away for two questions: too slow for long ridges.
def height(place):
    print("?", place, flush=True)
    return int(input())


low, high = 1, int(input())
try:
    while high - low > 2:
        a, b = low + (high - low) // 3, high - (high - low) // 3
        if height(a) < height(b):
            low = a + 1
        else:
            high = b - 1
    print("!", max(range(low, high + 1), key=height), flush=True)
except EOFError:
    pass
