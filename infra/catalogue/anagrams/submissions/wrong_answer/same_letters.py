# Does not count how often a letter occurs.
class Solution:
    def families(self, words):
        found = {}
        for word in words:
            found.setdefault(frozenset(word), []).append(word)
        return list(found.values())
