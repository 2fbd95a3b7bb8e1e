# Has a table of all small numbers: group 1.
LARGEST = 10**4
table = [0]
for number in range(LARGEST + 1):
    digits = list(map(int, str(number)))
    table.append(table[-1] + all(abs(d - e) <= 4 for d, e in zip(digits, digits[1:])))
a, b = map(int, input().split())
print(table[b + 1] - table[a])
