var twoWeights = function (weights, target) {
    const seen = new Map();
    for (const [place, weight] of weights.entries()) {
        if (seen.has(target - weight)) return [place, seen.get(target - weight)];
        seen.set(weight, place);
    }
};
