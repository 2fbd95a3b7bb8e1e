# Tries all orders of the letters of a word.
from itertools import permutations


class Solution:
    def families(self, words):
        found = []
        for word in words:
            orders = {"".join(order) for order in permutations(word)}
            for family in found:
                if family[0] in orders:
                    family.append(word)
                    break
            else:
                found.append([word])
        return found
