# Takes the right daughter first.
class Solution:
    def generations(self, root):
        result, nodes = [], [root] if root else []
        while nodes:
            result.append([node.val for node in nodes])
            nodes = [child for node in nodes for child in (node.right, node.left) if child]
        return result
