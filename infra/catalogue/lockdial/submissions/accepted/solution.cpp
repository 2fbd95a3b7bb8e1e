#include <iostream>
#include <string>

int main() {
    long long low = 1, high;
    std::cin >> high;
    for (std::string reply; reply != "open";) {
        long long middle = (low + high) / 2;
        std::cout << middle << std::endl;
        if (!(std::cin >> reply)) return 1;
        if (reply == "low") low = middle + 1;
        if (reply == "high") high = middle - 1;
    }
}
