# One call for each group: too deep for a long line.
def ferries(i, places, left):
    if i == n:
        return 0
    if sizes[i] > left:
        return 1 + ferries(i + 1, places, places - sizes[i])
    return ferries(i + 1, places, left - sizes[i])


n, k = map(int, input().split())
sizes = list(map(int, input().split()))
low, high = max(sizes), sum(sizes)
while low < high:
    middle = (low + high) // 2
    if ferries(0, middle, 0) <= k:
        high = middle
    else:
        low = middle + 1
print(low)
