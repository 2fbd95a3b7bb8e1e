// Asks once in each step: places of Fibonacci numbers can be used again.
#include <iostream>
#include <map>
#include <vector>

int n;
std::map<int, int> known;

int height(int place) {
    if (place > n) return -place;  // beyond the ridge it only goes down
    if (!known.count(place)) {
        std::cout << "? " << place << std::endl;
        std::cin >> known[place];
    }
    return known[place];
}

int main() {
    std::cin >> n;
    std::vector<int> fibonacci{1, 1};
    while (fibonacci.back() < n + 1) fibonacci.push_back(fibonacci.end()[-1] + fibonacci.end()[-2]);
    // the summit is in (start, start + fibonacci[k])
    int start = 0;
    for (std::size_t k = fibonacci.size() - 1; k > 1; --k) {
        if (height(start + fibonacci[k - 2]) < height(start + fibonacci[k - 1]))
            start += fibonacci[k - 2];
    }
    std::cout << "! " << start + 1 << std::endl;
}
