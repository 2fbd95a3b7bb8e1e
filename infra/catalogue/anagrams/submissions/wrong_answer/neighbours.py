# Only finds relatives that stand side by side.
from itertools import groupby


class Solution:
    def families(self, words):
        return [list(family) for _, family in groupby(words, sorted)]
