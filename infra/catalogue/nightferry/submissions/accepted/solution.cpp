#include <algorithm>
#include <iostream>
#include <numeric>
#include <vector>

int main() {
    int n, k;
    std::cin >> n >> k;
    std::vector<long long> sizes(n);
    for (auto& size : sizes) std::cin >> size;
    long long low = *std::max_element(sizes.begin(), sizes.end());
    long long high = std::accumulate(sizes.begin(), sizes.end(), 0LL);
    while (low < high) {
        long long middle = (low + high) / 2, left = 0;
        int needed = 0;
        for (auto size : sizes) {
            if (size > left) ++needed, left = middle;
            left -= size;
        }
        if (needed <= k) high = middle;
        else low = middle + 1;
    }
    std::cout << low << '\n';
}
