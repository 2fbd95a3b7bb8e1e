# Counts from 1.
class Solution:
    def twoWeights(self, weights, target):
        seen = {}
        for place, weight in enumerate(weights, 1):
            if target - weight in seen:
                return [seen[target - weight], place]
            seen[weight] = place
