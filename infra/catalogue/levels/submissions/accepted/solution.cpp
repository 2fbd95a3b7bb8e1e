class Solution {
public:
    vector<vector<int>> generations(TreeNode* root) {
        vector<vector<int>> result;
        visit(root, 0, result);
        return result;
    }

private:
    void visit(TreeNode* node, size_t level, vector<vector<int>>& result) {
        if (!node) return;
        if (level == result.size()) result.emplace_back();
        result[level].push_back(node->val);
        visit(node->left, level + 1, result);
        visit(node->right, level + 1, result);
    }
};
