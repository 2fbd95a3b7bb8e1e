class Solution {
public:
    vector<vector<string>> families(vector<string>& words) {
        map<string, vector<string>> found;
        for (const auto& word : words) {
            string letters = word;
            sort(letters.begin(), letters.end());
            found[letters].push_back(word);
        }
        vector<vector<string>> result;
        for (auto& [letters, family] : found) result.push_back(family);
        return result;
    }
};
