# Does not tell the generations apart.
class Solution:
    def generations(self, root):
        result, nodes = [], [root] if root else []
        for node in nodes:
            result.append(node.val)
            nodes.extend(child for child in (node.left, node.right) if child)
        return [result]
