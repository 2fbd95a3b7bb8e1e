def ferries(places):
    needed, left = 0, 0
    for size in sizes:
        if size > left:
            needed, left = needed + 1, places
        left -= size
    return needed


n, k = map(int, input().split())
sizes = list(map(int, input().split()))
low, high = max(sizes), sum(sizes)
while low < high:
    middle = (low + high) // 2
    if ferries(middle) <= k:
        high = middle
    else:
        low = middle + 1
print(low)
