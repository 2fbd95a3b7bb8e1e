# Jumps of 5 are loud.
a, b = map(int, input().split())
count = 0
for number in range(a, min(b, a + 10**4) + 1):
    digits = list(map(int, str(number)))
    count += all(abs(d - e) <= 5 for d, e in zip(digits, digits[1:]))
print(count)
