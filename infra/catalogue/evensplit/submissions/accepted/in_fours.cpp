// Of four bars in a row the outer two weigh as much as the inner two.
#include <iostream>
#include <vector>

int main() {
    int n;
    std::cin >> n;
    if (n % 4 == 1 || n % 4 == 2) {
        std::cout << "no\n";
        return 0;
    }
    std::vector<int> shares[2];
    int low = 1;
    if (n % 4 == 3) shares[0] = {1, 2}, shares[1] = {3}, low = 4;
    for (; low < n; low += 4)
        for (int i = 0; i < 4; ++i) shares[i == 1 || i == 2].push_back(low + i);
    std::cout << "yes\n";
    for (const auto& share : shares) {
        for (int weight : share) std::cout << weight << ' ';
        std::cout << '\n';
    }
}
