# Believes that there must be as many bars for the one as for the other.
n = int(input())
if n % 4:
    print("no")
else:
    print("yes")
    print(*(i for i in range(1, n + 1) if i % 4 in (0, 1)))
    print(*(i for i in range(1, n + 1) if i % 4 in (2, 3)))
