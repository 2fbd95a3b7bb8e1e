#include <iostream>
#include <string>

int main() {
    std::string keys, paper;
    std::cin >> keys;
    for (char key : keys) {
        if (key != '<') paper += key;
        else if (!paper.empty()) paper.pop_back();
    }
    std::cout << (paper.empty() ? "(empty)" : paper) << '\n';
}
