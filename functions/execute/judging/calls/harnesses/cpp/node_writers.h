    void put_special(ListNode* node) {
        std::vector</*LIST_VALUE*/> values;
        for (; node; node = node->next) {
            values.push_back(node->val);
            if (values.size() > MOST_NODES) fail("the list has more than 1000000 nodes, or a cycle");
        }
        put_special(values);
    }
    void put_special(TreeNode* root) {
        std::vector<std::optional</*TREE_VALUE*/>> values;
        std::vector<TreeNode*> nodes;
        if (root) nodes.push_back(root);
        for (size_t at = 0; at < nodes.size(); at++) {
            TreeNode* node = nodes[at];
            values.push_back(node ? std::optional(node->val) : std::nullopt);
            if (node) nodes.insert(nodes.end(), {node->left, node->right});
            if (at > MOST_NODES) fail("the tree has more than 1000000 nodes, or a cycle");
        }
        while (!values.empty() && !values.back()) values.pop_back();
        put_special(values);
    }
