# Makes a new list, and leaves the shelf as it was.
class Solution:
    def pushLeft(self, shelf):
        shelf = [book for book in shelf if book] + [0] * shelf.count(0)
