#include <algorithm>
#include <iostream>
#include <string>
#include <vector>

int main() {
    int n;
    std::cin >> n >> std::ws;
    std::vector<std::string> lines(n);
    std::size_t width = 0;
    for (auto& line : lines) {
        std::getline(std::cin, line);
        width = std::max(width, line.size());
    }
    const std::string border = "+" + std::string(width + 2, '-') + "+\n";
    std::cout << border;
    for (const auto& line : lines) {
        std::size_t left = (width - line.size()) / 2, right = width - line.size() - left;
        std::cout << "| " << std::string(left, ' ') << line << std::string(right, ' ') << " |\n";
    }
    std::cout << border;
}
