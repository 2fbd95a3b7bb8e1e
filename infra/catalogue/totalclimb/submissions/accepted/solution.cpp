#include <algorithm>
#include <iostream>

int main() {
    int n, before, height;
    std::cin >> n >> before;
    long long climb = 0;
    while (--n) {
        std::cin >> height;
        climb += std::max(0, height - before);
        before = height;
    }
    std::cout << climb << '\n';
}
