#include <array>
#include <iostream>

using Matrix = std::array<std::array<long long, 2>, 2>;
const long long M = 1'000'000'007;

Matrix times(const Matrix& a, const Matrix& b) {
    Matrix c{};
    for (int i = 0; i < 2; ++i)
        for (int j = 0; j < 2; ++j)
            for (int k = 0; k < 2; ++k) c[i][j] = (c[i][j] + a[i][k] * b[k][j]) % M;
    return c;
}

int main() {
    long long n;
    std::cin >> n;
    Matrix result{{{1, 0}, {0, 1}}}, power{{{0, 1}, {2, 2}}};
    for (--n; n; n >>= 1, power = times(power, power))
        if (n & 1) result = times(result, power);
    std::cout << (result[0][0] + 2 * result[0][1] + result[1][0] + 2 * result[1][1]) % M << '\n';
}
