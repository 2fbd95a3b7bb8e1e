#include <algorithm>
#include <iostream>
#include <map>

int main() {
    int n;
    long long c, weight, worth;
    std::cin >> n >> c;
    std::map<long long, long long> best{{0, 0}};
    while (n-- && std::cin >> weight >> worth) {
        auto next = best;
        for (auto [old, value] : best) {
            if (old + weight > c) break;
            auto& place = next[old + weight];
            place = std::max(place, value + worth);
        }
        best.clear();
        long long top = -1;
        for (auto [now, value] : next)
            if (value > top) best[now] = top = value;
    }
    std::cout << best.rbegin()->second << '\n';
}
