// The ridge: ridge input answer feedback_dir < what the program says > what it hears
#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

const int MOST = 25;

[[noreturn]] void finish(const char* feedback, int code, const std::string& judges,
                         const std::string& team = "") {
    std::ofstream(std::string(feedback) + "judgemessage.txt") << judges << '\n';
    if (!team.empty()) std::ofstream(std::string(feedback) + "teammessage.txt") << team << '\n';
    std::exit(code);
}

int main(int, char** argv) {
    std::signal(SIGPIPE, SIG_IGN);  // the program may have gone: the next read will tell
    const char* feedback = argv[3];
    std::ifstream input(argv[1]);
    int n;
    input >> n;
    std::vector<int> heights(n);
    for (auto& height : heights) input >> height;
    int summit = std::max_element(heights.begin(), heights.end()) - heights.begin() + 1;

    std::cout << n << std::endl;
    for (int asked = 0;;) {
        std::string what, rest;
        long long place;
        if (!(std::cin >> what))
            finish(feedback, 43, "ended without an answer", "The program ended without an answer.");
        if ((what != "?" && what != "!") || !(std::cin >> place) || place < 1 || place > n)
            finish(feedback, 43, "neither ? i nor ! i", "That was neither `? i` nor `! i`.");
        if (what == "?") {
            if (++asked > MOST) finish(feedback, 43, "asks too often", "Too many questions.");
            std::cout << heights[place - 1] << std::endl;
            continue;
        }
        if (place != summit)
            finish(feedback, 43, "wrong place: " + std::to_string(place), "That is not the summit.");
        if (std::cin >> rest) finish(feedback, 43, "goes on", "The program went on after `!`.");
        finish(feedback, 42, std::to_string(asked) + " questions");
    }
}
