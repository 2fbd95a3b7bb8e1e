struct ListNode {
    /*LIST_VALUE*/ val;
    ListNode* next;
    ListNode() : val(), next(nullptr) {}
    ListNode(/*LIST_VALUE*/ x) : val(x), next(nullptr) {}
    ListNode(/*LIST_VALUE*/ x, ListNode* next) : val(x), next(next) {}
};

struct TreeNode {
    /*TREE_VALUE*/ val;
    TreeNode* left;
    TreeNode* right;
    TreeNode() : val(), left(nullptr), right(nullptr) {}
    TreeNode(/*TREE_VALUE*/ x) : val(x), left(nullptr), right(nullptr) {}
    TreeNode(/*TREE_VALUE*/ x, TreeNode* left, TreeNode* right) : val(x), left(left), right(right) {}
};
