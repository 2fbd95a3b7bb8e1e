# Lets the two queues change places as long as their first tickets are equal.
class Solution:
    def mergeQueues(self, first, second):
        while first and second and first.val == second.val:
            first, second = second, first
        head = last = ListNode()
        while first and second:
            if second.val < first.val:
                first, second = second, first
            last.next = last = first
            first = first.next
        last.next = first or second
        return head.next
