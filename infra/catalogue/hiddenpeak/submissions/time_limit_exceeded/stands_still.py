# Looks at both sides of a place. Beyond the last place there is nothing, and it stands still there.
def height(place):
    if place not in known:
        print("?", place, flush=True)
        known[place] = int(input())
    return known[place]


known = {}
n = int(input())
low, high = 1, n
while n > 2:
    middle = (low + high) // 2
    if middle < n and height(middle) < height(middle + 1):
        low = middle + 1
    elif middle > 1 and height(middle - 1) > height(middle):
        high = middle - 1
    elif middle < n:
        low = middle
        break
if n <= 2:
    low = max(range(1, n + 1), key=height)
print("!", low, flush=True)
