#include <cstdlib>
#include <cstring>
#include <iostream>
#include <string>

std::string digits;
long long known[20][11][2];

// Ways to fill the digits from i on; `before` is 10 as long as all were leading zeros.
long long ways(std::size_t i, int before, bool below) {
    if (i == digits.size()) return 1;
    long long& result = known[i][before][below];
    if (result >= 0) return result;
    result = 0;
    for (int d = 0; d <= (below ? 9 : digits[i] - '0'); ++d) {
        if (before != 10 && std::abs(before - d) > 4) continue;
        result += ways(i + 1, before == 10 && d == 0 ? 10 : d, below || d < digits[i] - '0');
    }
    return result;
}

long long quiet(long long most) {
    if (most < 0) return 0;
    digits = std::to_string(most);
    std::memset(known, -1, sizeof known);
    return ways(0, 10, false);
}

int main() {
    long long a, b;
    std::cin >> a >> b;
    std::cout << quiet(b) - quiet(a - 1) << '\n';
}
