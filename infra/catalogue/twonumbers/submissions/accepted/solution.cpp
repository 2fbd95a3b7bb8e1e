class Solution {
public:
    vector<int> twoWeights(vector<int>& weights, int target) {
        unordered_map<long long, int> seen;
        for (int place = 0; place < (int)weights.size(); ++place) {
            auto found = seen.find((long long)target - weights[place]);
            if (found != seen.end()) return {found->second, place};
            seen[weights[place]] = place;
        }
        return {};
    }
};
