public class TreeNode {
    /*TREE_VALUE*/ val;
    TreeNode left;
    TreeNode right;

    TreeNode() {}

    TreeNode(/*TREE_VALUE*/ val) {
        this.val = val;
    }

    TreeNode(/*TREE_VALUE*/ val, TreeNode left, TreeNode right) {
        this.val = val;
        this.left = left;
        this.right = right;
    }
}
