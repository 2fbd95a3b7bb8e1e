# Tries all orders of the letters of a word.
from itertools import permutations


class Solution:
    def families(self, words):
        found = []
        for word in words:
            for family in found:
                other = tuple(family[0])
                if len(other) == len(word) and other in permutations(word):
                    family.append(word)
                    break
            else:
                found.append([word])
        return found
