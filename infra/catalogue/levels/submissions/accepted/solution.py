class Solution:
    def generations(self, root: Optional[TreeNode]) -> List[List[int]]:
        result, nodes = [], [root] if root else []
        while nodes:
            result.append([node.val for node in nodes])
            nodes = [child for node in nodes for child in (node.left, node.right) if child]
        return result
