#include <iostream>
#include <queue>
#include <string>
#include <utility>
#include <vector>

int main() {
    int rows, columns;
    std::cin >> rows >> columns;
    std::vector<std::string> fields(rows);
    std::vector<std::vector<int>> minutes(rows, std::vector<int>(columns, -1));
    std::queue<std::pair<int, int>> front;
    for (int y = 0; y < rows; ++y) {
        std::cin >> fields[y];
        for (int x = 0; x < columns; ++x)
            if (fields[y][x] == 'S') minutes[y][x] = 0, front.push({y, x});
    }
    int last = 0;
    while (!front.empty()) {
        auto [y, x] = front.front();
        front.pop();
        last = minutes[y][x];
        const int dy[] = {-1, 1, 0, 0}, dx[] = {0, 0, -1, 1};
        for (int way = 0; way < 4; ++way) {
            int v = y + dy[way], u = x + dx[way];
            if (v < 0 || v >= rows || u < 0 || u >= columns) continue;
            if (fields[v][u] == '#' || minutes[v][u] >= 0) continue;
            minutes[v][u] = last + 1;
            front.push({v, u});
        }
    }
    for (int y = 0; y < rows; ++y)
        for (int x = 0; x < columns; ++x)
            if (fields[y][x] != '#' && minutes[y][x] < 0) {
                std::cout << "unsafe\n";
                return 0;
            }
    std::cout << last << '\n';
}
