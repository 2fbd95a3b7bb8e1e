#include <algorithm>
#include <cmath>
#include <iomanip>
#include <iostream>
#include <utility>
#include <vector>

using Place = std::pair<long long, long long>;

long long turn(const Place& a, const Place& b, const Place& c) {
    return (b.first - a.first) * (c.second - a.second) - (b.second - a.second) * (c.first - a.first);
}

int main() {
    int n;
    std::cin >> n;
    std::vector<Place> trees(n), hull;
    for (auto& [x, y] : trees) std::cin >> x >> y;
    std::sort(trees.begin(), trees.end());
    for (int side = 0; side < 2; ++side) {
        std::size_t start = hull.size();
        for (const auto& tree : trees) {
            while (hull.size() >= start + 2 && turn(hull[hull.size() - 2], hull.back(), tree) <= 0)
                hull.pop_back();
            hull.push_back(tree);
        }
        hull.pop_back();
        std::reverse(trees.begin(), trees.end());
    }
    double length = 0;
    for (std::size_t i = 0; i < hull.size(); ++i) {
        const auto& [x, y] = hull[i];
        const auto& [u, v] = hull[(i + 1) % hull.size()];
        length += std::hypot(double(u - x), double(v - y));
    }
    std::cout << std::setprecision(12) << length << '\n';
}
