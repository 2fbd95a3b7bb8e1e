# Does not expect negative weights.
class Solution:
    def twoWeights(self, weights, target):
        seen = {}
        for place, weight in enumerate(weights):
            if weight < 0:
                raise ValueError("a weight is negative")
            if target - weight in seen:
                return [seen[target - weight], place]
            seen[weight] = place
