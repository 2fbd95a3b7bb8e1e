# Looks at all pairs, and at each of them in a slow way.
from itertools import combinations


class Solution:
    def twoWeights(self, weights, target):
        for first, second in combinations(range(len(weights)), 2):
            if sum(weights[place] for place in (first, second)) == target:
                return [first, second]
