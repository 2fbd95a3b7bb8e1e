// The sum of the sizes does not fit into 32 bits.
#include <algorithm>
#include <iostream>
#include <vector>

int main() {
    unsigned n, k;
    std::cin >> n >> k;
    std::vector<unsigned> sizes(n);
    for (auto& size : sizes) std::cin >> size;
    unsigned low = *std::max_element(sizes.begin(), sizes.end()), high = 0;
    for (auto size : sizes) high += size;
    while (low < high) {
        unsigned middle = low + (high - low) / 2, left = 0, needed = 0;
        for (auto size : sizes) {
            if (size > left) ++needed, left = middle;
            left -= size;
        }
        if (needed <= k) high = middle;
        else low = middle + 1;
    }
    std::cout << low << '\n';
}
