def quiet(limit):
    """How many quiet numbers there are below limit."""
    digits = list(map(int, str(limit)))
    # free[k][d]: ways to go on for k digits after the digit d
    free = [[1] * 10]
    for _ in digits:
        free.append([sum(free[-1][e] for e in range(10) if abs(d - e) <= 4) for d in range(10)])
    # shorter numbers, and 0
    count = int(limit > 0)
    for length in range(1, len(digits)):
        count += sum(free[length - 1][d] for d in range(1, 10))
    before = None
    for i, digit in enumerate(digits):
        for d in range(int(i == 0), digit):
            if before is None or abs(before - d) <= 4:
                count += free[len(digits) - i - 1][d]
        if before is not None and abs(before - digit) > 4:
            break
        before = digit
    return count


a, b = map(int, input().split())
print(quiet(b + 1) - quiet(a))
