# May put one weight on the scale twice.
class Solution:
    def twoWeights(self, weights, target):
        for place, weight in enumerate(weights):
            if target - weight in weights:
                return [place, weights.index(target - weight)]
