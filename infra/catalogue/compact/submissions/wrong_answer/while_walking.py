# Removes from the list that it walks over: it misses gaps side by side.
class Solution:
    def pushLeft(self, shelf):
        for place, book in enumerate(shelf):
            if book == 0:
                shelf.append(shelf.pop(place))
