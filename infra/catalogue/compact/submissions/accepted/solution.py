class Solution:
    def pushLeft(self, shelf: List[int]) -> None:
        free = 0
        for place, book in enumerate(shelf):
            if book:
                shelf[place], shelf[free] = shelf[free], book
                free += 1
