# Looks for a book beyond the end of the shelf.
class Solution:
    def pushLeft(self, shelf):
        for place in range(len(shelf)):
            if shelf[place] == 0:
                other = place
                while shelf[other] == 0:
                    other += 1
                shelf[place], shelf[other] = shelf[other], 0
