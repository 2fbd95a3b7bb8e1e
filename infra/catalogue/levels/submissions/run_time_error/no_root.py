# A tree without nodes has no value.
class Solution:
    def generations(self, root):
        result, nodes = [[root.val]], [root]
        while True:
            nodes = [child for node in nodes for child in (node.left, node.right) if child]
            if not nodes:
                return result
            result.append([node.val for node in nodes])
