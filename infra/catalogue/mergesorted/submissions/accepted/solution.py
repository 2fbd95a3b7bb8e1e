class Solution:
    def mergeQueues(self, first: Optional[ListNode], second: Optional[ListNode]) -> Optional[ListNode]:
        head = last = ListNode()
        while first and second:
            if second.val < first.val:
                first, second = second, first
            last.next = last = first
            first = first.next
        last.next = first or second
        return head.next
