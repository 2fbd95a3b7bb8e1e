# Keeps a place for each hive there could be: twice as many in each generation.
class Solution:
    def generations(self, root):
        result, level = [], 0
        while True:
            generation = []
            for place in range(2**level):
                node = root
                for i in reversed(range(level)):
                    node = node and (node.right if place >> i & 1 else node.left)
                if node:
                    generation.append(node.val)
            if not generation:
                return result
            result.append(generation)
            level += 1
