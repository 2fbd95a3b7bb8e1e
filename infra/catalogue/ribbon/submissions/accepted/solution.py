M = 10**9 + 7


def times(a, b):
    return [[sum(a[i][k] * b[k][j] for k in range(2)) % M for j in range(2)] for i in range(2)]


n = int(input()) - 1
result, power = [[1, 0], [0, 1]], [[0, 1], [2, 2]]
while n:
    if n & 1:
        result = times(result, power)
    power = times(power, power)
    n >>= 1
# one flag: red in 1 way, not red in 2
print((result[0][0] + 2 * result[0][1] + result[1][0] + 2 * result[1][1]) % M)
