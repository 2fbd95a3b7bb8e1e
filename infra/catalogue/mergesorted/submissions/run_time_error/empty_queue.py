# Looks at the first of an empty queue.
class Solution:
    def mergeQueues(self, first, second):
        if second.val < first.val:
            first, second = second, first
        head = last = first
        first = first.next
        while first and second:
            if second.val < first.val:
                first, second = second, first
            last.next = last = first
            first = first.next
        last.next = first or second
        return head
