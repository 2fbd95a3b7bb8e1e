// Linked lists and trees as JSON. This file is Assay's, and carries values only.

import java.util.ArrayList;
import java.util.List;

class Nodes {
    static ListNode readListNode() {
        ListNode first = new ListNode(), last = first;
        for (Object value : Main.readList(/*LIST_BOX*/.class)) last = last.next = new ListNode((/*LIST_BOX*/) value);
        return first.next;
    }

    static TreeNode readTreeNode() {
        List<Object> values = Main.readList(/*TREE_BOX*/.class);
        if (values.isEmpty() || values.get(0) == null) return null;
        List<TreeNode> nodes = new ArrayList<>();
        nodes.add(new TreeNode((/*TREE_BOX*/) values.get(0)));
        for (int at = 1; at < values.size(); at++) {
            if (values.get(at) == null) continue;
            TreeNode node = new TreeNode((/*TREE_BOX*/) values.get(at)), parent = nodes.get((at - 1) / 2);
            if (at % 2 == 1) parent.left = node;
            else parent.right = node;
            nodes.add(node);
        }
        return nodes.get(0);
    }

    static List<Object> values(ListNode node) {
        List<Object> values = new ArrayList<>();
        for (; node != null; node = node.next) {
            values.add(node.val);
            if (values.size() > Main.MOST_NODES) Main.fail("the list has more than 1000000 nodes, or a cycle");
        }
        return values;
    }

    static List<Object> values(TreeNode root) {
        List<Object> values = new ArrayList<>();
        List<TreeNode> nodes = new ArrayList<>();
        if (root != null) nodes.add(root);
        for (int at = 0; at < nodes.size(); at++) {
            TreeNode node = nodes.get(at);
            values.add(node == null ? null : (Object) node.val);
            if (node != null) {
                nodes.add(node.left);
                nodes.add(node.right);
            }
            if (at > Main.MOST_NODES) Main.fail("the tree has more than 1000000 nodes, or a cycle");
        }
        while (!values.isEmpty() && values.get(values.size() - 1) == null) values.remove(values.size() - 1);
        return values;
    }
}
