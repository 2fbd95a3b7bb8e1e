// Accepts any fair way: validate input answer feedback_dir < output
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "feedback.h"

// Reads a line of weights, and answers their sum.
long long share(std::vector<bool>& taken) {
    std::string line;
    if (!std::getline(std::cin, line)) finish(WRONG, "a line is missing", "A line is missing.");
    std::istringstream words(line);
    std::string word;
    long long sum = 0;
    while (words >> word) {
        if (word.size() > 6 || word.find_first_not_of("0123456789") != std::string::npos)
            finish(WRONG, "not a weight: " + word.substr(0, 50), "There is something that is no weight.");
        std::size_t weight = std::stoul(word);
        if (weight < 1 || weight >= taken.size())
            finish(WRONG, "no such bar: " + word, "There is no bar of that weight.");
        if (taken[weight]) finish(WRONG, "given twice: " + word, "A bar was given away twice.");
        taken[weight] = true;
        sum += weight;
    }
    return sum;
}

int main(int, char** argv) {
    feedback_folder = argv[3];
    int n;
    std::ifstream(argv[1]) >> n;
    std::string answer, word, rest;
    std::ifstream(argv[2]) >> answer;
    std::getline(std::cin, word);
    if (word == "no") {
        if (std::cin >> rest) finish(WRONG, "text after no", "There is text after the answer.");
        if (answer == "yes") finish(WRONG, "there is a way", "There is a fair way.");
        finish(ACCEPTED, "no");
    }
    if (word != "yes") finish(WRONG, "neither yes nor no", "Begin with yes or no.");
    std::vector<bool> taken(n + 1);
    long long first = share(taken), second = share(taken);
    for (int weight = 1; weight <= n; ++weight)
        if (!taken[weight])
            finish(WRONG, "not given: " + std::to_string(weight), "A bar was left over.");
    if (first != second) finish(WRONG, "not equal", "The shares are not equally heavy.");
    if (std::cin >> rest) finish(WRONG, "text after the shares", "There is text after the answer.");
    // A fair way where the judges know none would be their fault.
    finish(answer == "yes" ? ACCEPTED : 1, "fair");
}
