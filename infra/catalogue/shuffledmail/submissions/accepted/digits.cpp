// Digit by digit: up to three slips of one of three letters for each digit, as 9 = 3 * 3.
#include <algorithm>
#include <iostream>
#include <string>

// Slips for a digit: none, then one of 3 letters, then two of them, and so on, in this order.
const std::string WAYS[10] = {"", "a", "b", "c", "aa", "ab", "ac", "bb", "bc", "cc"};

int main() {
    std::string what, text;
    std::cin >> what >> text;
    if (what == "send") {
        std::string slips;
        text.insert(0, 6 - text.size(), '0');
        for (int place = 0; place < 6; ++place)
            for (char letter : WAYS[text[place] - '0']) slips += char(letter + 3 * place);
        std::cout << (slips.empty() ? "z" : slips) << '\n';
        return 0;
    }
    std::sort(text.begin(), text.end());
    int number = 0;
    for (int place = 0; place < 6; ++place) {
        std::string slips;
        for (char letter : text)
            if (letter != 'z' && (letter - 'a') / 3 == place) slips += char(letter - 3 * place);
        number = 10 * number + int(std::find(WAYS, WAYS + 10, slips) - WAYS);
    }
    std::cout << number << '\n';
}
