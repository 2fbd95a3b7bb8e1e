template <> struct Reader<ListNode*> {
    static ListNode* read(In& in) {
        ListNode first, *last = &first;
        for (auto& value : assay::read<std::vector</*LIST_VALUE*/>>(in)) last = last->next = new ListNode(value);
        return first.next;
    }
};
template <> struct Reader<TreeNode*> {
    static TreeNode* read(In& in) {
        auto values = assay::read<std::vector<std::optional</*TREE_VALUE*/>>>(in);
        if (values.empty() || !values[0]) return nullptr;
        std::vector<TreeNode*> nodes{new TreeNode(*values[0])};
        for (size_t at = 1; at < values.size(); at++) {
            TreeNode* node = values[at] ? new TreeNode(*values[at]) : nullptr;
            TreeNode* parent = nodes[(at - 1) / 2];
            (at % 2 ? parent->left : parent->right) = node;
            if (node) nodes.push_back(node);
        }
        return nodes[0];
    }
};
