#include <algorithm>
#include <iostream>
#include <utility>
#include <vector>

int main() {
    std::ios::sync_with_stdio(false);
    std::cin.tie(nullptr);
    int n;
    std::cin >> n;
    std::vector<std::pair<int, int>> crates(n);
    for (auto& [width, depth] : crates) std::cin >> width >> depth, depth = -depth;
    std::sort(crates.begin(), crates.end());
    std::vector<int> tails;
    for (auto [width, depth] : crates) {
        auto place = std::lower_bound(tails.begin(), tails.end(), -depth);
        if (place == tails.end()) tails.push_back(-depth);
        else *place = -depth;
    }
    std::cout << tails.size() << '\n';
}
