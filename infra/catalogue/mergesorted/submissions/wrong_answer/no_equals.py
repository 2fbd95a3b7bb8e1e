# Of equal tickets one is lost.
class Solution:
    def mergeQueues(self, first, second):
        values = set()
        for node in (first, second):
            while node:
                values.add(node.val)
                node = node.next
        head = None
        for value in sorted(values, reverse=True):
            head = ListNode(value, head)
        return head
