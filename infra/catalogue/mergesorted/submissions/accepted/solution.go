func mergeQueues(first *ListNode, second *ListNode) *ListNode {
	head := &ListNode{}
	last := head
	for first != nil && second != nil {
		if second.Val < first.Val {
			first, second = second, first
		}
		last.Next = first
		last, first = first, first.Next
	}
	if first == nil {
		first = second
	}
	last.Next = first
	return head.Next
}
