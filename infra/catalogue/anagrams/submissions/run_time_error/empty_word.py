# Puts families under their first letter; the empty word has none.
class Solution:
    def families(self, words):
        found = {}
        for word in words:
            letters = sorted(word)
            found.setdefault((letters[0], tuple(letters)), []).append(word)
        return list(found.values())
