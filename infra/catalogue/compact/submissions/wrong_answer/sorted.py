# Loses the order of the books.
class Solution:
    def pushLeft(self, shelf):
        shelf.sort(reverse=True)
