# One call for each bar.
def split(weight, left):
    if weight == 0:
        return [], []
    first, second = split(weight - 1, left - weight if weight <= left else left)
    (first if weight <= left else second).append(weight)
    return first, second


n = int(input())
if n * (n + 1) // 2 % 2:
    print("no")
else:
    print("yes")
    for share in split(n, n * (n + 1) // 4):
        print(*share)
