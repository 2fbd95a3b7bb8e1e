# Where both are equal, it goes on with neither.
class Solution:
    def mergeQueues(self, first, second):
        head = last = ListNode()
        while first and second:
            if first.val < second.val:
                last.next = last = first
                first = first.next
            elif second.val < first.val:
                last.next = last = second
                second = second.next
        last.next = first or second
        return head.next
