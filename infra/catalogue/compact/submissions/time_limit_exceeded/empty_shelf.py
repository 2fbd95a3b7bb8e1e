# Pushes until a book stands in the first place; on an empty shelf that never happens.
class Solution:
    def pushLeft(self, shelf):
        while shelf and shelf[0] == 0:
            shelf.append(shelf.pop(0))
        free = 0
        for place, book in enumerate(shelf):
            if book:
                shelf[place], shelf[free] = shelf[free], book
                free += 1
