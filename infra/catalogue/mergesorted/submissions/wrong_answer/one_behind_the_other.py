# Puts one queue behind the other.
class Solution:
    def mergeQueues(self, first, second):
        if not first:
            return second
        last = first
        while last.next:
            last = last.next
        last.next = second
        return first
