# Looks at each number from a to b: groups 1 and 2.
a, b = map(int, input().split())
count = 0
for number in range(a, b + 1):
    digits = list(map(int, str(number)))
    count += all(abs(d - e) <= 4 for d, e in zip(digits, digits[1:]))
print(count)
