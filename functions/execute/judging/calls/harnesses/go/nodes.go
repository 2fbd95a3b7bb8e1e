// Linked lists and trees. This file is Assay's, and carries values only.
package main

type ListNode struct {
	Val  /*LIST_VALUE*/
	Next *ListNode
}

type TreeNode struct {
	Val   /*TREE_VALUE*/
	Left  *TreeNode
	Right *TreeNode
}

func assayListNode(value func(*assayIn) /*LIST_VALUE*/) func(*assayIn) *ListNode {
	return func(in *assayIn) *ListNode {
		first := &ListNode{}
		last := first
		for _, found := range assayList(value)(in) {
			last.Next = &ListNode{Val: found}
			last = last.Next
		}
		return first.Next
	}
}

func assayPutListNode(value func(*assayOut, /*LIST_VALUE*/)) func(*assayOut, *ListNode) {
	return func(out *assayOut, node *ListNode) {
		values := []/*LIST_VALUE*/{}
		for ; node != nil; node = node.Next {
			values = append(values, node.Val)
			if len(values) > assayMostNodes {
				assayFail("the list has more than 1000000 nodes, or a cycle")
			}
		}
		assayPutList(value)(out, values)
	}
}

func assayTreeNode(value func(*assayIn) /*TREE_VALUE*/) func(*assayIn) *TreeNode {
	return func(in *assayIn) *TreeNode {
		values := assayList(assayOptional(value))(in)
		if len(values) == 0 || values[0] == nil {
			return nil
		}
		nodes := []*TreeNode{{Val: *values[0]}}
		for at := 1; at < len(values); at++ {
			if values[at] == nil {
				continue
			}
			node, parent := &TreeNode{Val: *values[at]}, nodes[(at-1)/2]
			if at%2 == 1 {
				parent.Left = node
			} else {
				parent.Right = node
			}
			nodes = append(nodes, node)
		}
		return nodes[0]
	}
}

func assayPutTreeNode(value func(*assayOut, /*TREE_VALUE*/)) func(*assayOut, *TreeNode) {
	return func(out *assayOut, root *TreeNode) {
		values, nodes := []*/*TREE_VALUE*/{}, []*TreeNode{}
		if root != nil {
			nodes = append(nodes, root)
		}
		for at := 0; at < len(nodes); at++ {
			node := nodes[at]
			if node == nil {
				values = append(values, nil)
				continue
			}
			values = append(values, &node.Val)
			nodes = append(nodes, node.Left, node.Right)
			if at > assayMostNodes {
				assayFail("the tree has more than 1000000 nodes, or a cycle")
			}
		}
		for len(values) > 0 && values[len(values)-1] == nil {
			values = values[:len(values)-1]
		}
		assayPutList(assayPutOptional(value))(out, values)
	}
}
