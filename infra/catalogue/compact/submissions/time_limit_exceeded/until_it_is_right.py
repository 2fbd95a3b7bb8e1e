# Pushes until no gap is left of a book; an empty shelf is never right.
class Solution:
    def pushLeft(self, shelf):
        while 0 in shelf[: len(shelf) - shelf.count(0) + 1]:
            gap = shelf.index(0)
            shelf.append(shelf.pop(gap))
