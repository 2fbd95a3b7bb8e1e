// Friends of friends are in one team: sets that are joined. Gives other teams than solution.py.
#include <iostream>
#include <numeric>
#include <string>
#include <vector>

std::vector<int> leader;

int find(int child) {
    while (leader[child] != child) child = leader[child] = leader[leader[child]];
    return child;
}

int main() {
    int n, m, a, b;
    std::cin >> n >> m;
    // child c with its team, and c + n with the other team
    leader.resize(2 * n + 1);
    std::iota(leader.begin(), leader.end(), 0);
    while (m-- && std::cin >> a >> b) {
        leader[find(a)] = find(b + n);
        leader[find(b)] = find(a + n);
    }
    std::string team(n, 'B'), fixed(2 * n + 1, '?');
    for (int child = 1; child <= n; ++child) {
        if (find(child) == find(child + n)) {
            std::cout << "impossible\n";
            return 0;
        }
        char& letter = fixed[find(child)];
        if (letter == '?') letter = 'B', fixed[find(child + n)] = 'A';
        team[child - 1] = letter;
    }
    std::cout << team << '\n';
}
