class Solution:
    def families(self, words: List[str]) -> List[List[str]]:
        found = defaultdict(list)
        for word in words:
            found[tuple(sorted(word))].append(word)
        return list(found.values())
