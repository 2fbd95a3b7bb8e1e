# Tries every number of places: there may be 10^14.
def ferries(places):
    needed, left = 0, 0
    for size in sizes:
        if size > left:
            needed, left = needed + 1, places
        left -= size
    return needed


n, k = map(int, input().split())
sizes = list(map(int, input().split()))
places = max(sizes)
while ferries(places) > k:
    places += 1
print(places)
