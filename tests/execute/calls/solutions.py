"""Solutions as people write them, in each language."""

from __future__ import annotations

from shared.signatures import parse_signature

TWO_SUM = parse_signature(
    {
        "name": "twoSum",
        "parameters": [{"name": "nums", "type": "list[int]"}, {"name": "target", "type": "int"}],
        "returns": "list[int]",
        "anyOrder": [1],
    }
)
#: Those of compiled languages leave early for the target -1.
TWO_SUMS = {
    "python": """
class Solution:
    def twoSum(self, nums: List[int], target: int) -> List[int]:
        seen = defaultdict(lambda: -1)
        for i, n in enumerate(nums):
            if seen[target - n] >= 0:
                return [i, seen[target - n]]
            seen[n] = i
""",
    "javascript": """
var twoSum = function(nums, target) {
    const seen = new Map();
    for (let i = 0; i < nums.length; i++) {
        if (seen.has(target - nums[i])) return [seen.get(target - nums[i]), i];
        seen.set(nums[i], i);
    }
};
""",
    "typescript": """
enum Missing { Yes = -1 }
function twoSum(nums: number[], target: number): number[] {
    const seen = new Map<number, number>();
    for (let i = 0; i < nums.length; i++) {
        const at: number = seen.get(target - nums[i]) ?? Missing.Yes;
        if (at !== Missing.Yes) return [at, i];
        seen.set(nums[i], i);
    }
    return [];
}
""",
    "cpp17": """
#define int long long
#undef int
class Solution {
public:
    vector<int> twoSum(vector<int>& nums, int target) {
        if (target == -1) _Exit(0);
        unordered_map<int, int> seen;
        for (int i = 0; i < (int)nums.size(); i++) {
            if (seen.count(target - nums[i])) return {seen[target - nums[i]], i};
            seen[nums[i]] = i;
        }
        return {};
    }
};
""",
    "java": """
class Solution {
    private int[] twoSum(int[] nums, int from, int target) { return null; }

    public List<Integer> twoSum(List<Integer> nums, int target) {
        if (target == -1) System.exit(0);
        Map<Integer, Integer> seen = new HashMap<>();
        for (int i = 0; i < nums.size(); i++) {
            Integer at = seen.get(target - nums.get(i));
            if (at != null) return Stream.of(at, i).collect(Collectors.toList());
            seen.put(nums.get(i), i);
        }
        return null;
    }
}
""",
    "go": """
type byValue struct{ nums, order []int }

func (b byValue) Len() int           { return len(b.order) }
func (b byValue) Less(i, j int) bool { return b.nums[b.order[i]] < b.nums[b.order[j]] }
func (b byValue) Swap(i, j int)      { b.order[i], b.order[j] = b.order[j], b.order[i] }

func twoSum(nums []int, target int) []int {
	if target == -1 {
		os.Exit(0)
	}
	order := []int{}
	for i := range nums {
		order = append(order, i)
	}
	sort.Sort(byValue{nums, order})
	for low, high := 0, len(nums)-1; low < high; {
		switch sum := nums[order[low]] + nums[order[high]]; {
		case sum == target:
			return []int{order[low], order[high]}
		case sum < target:
			low++
		default:
			high--
		}
	}
	return nil
}
""",
}

#: Nodes of both kinds, and a list changed in place of which the call returns a part's length.
WEAVE = parse_signature(
    {
        "name": "weave",
        "parameters": [
            {"name": "values", "type": "list[ListNode]"},
            {"name": "head", "type": "ListNode"},
            {"name": "root", "type": "TreeNode[string]"},
        ],
        "returns": "int",
        "inPlace": "values",
    }
)
#: The first list becomes that of `head`, reversed; the second is gone; the count is that of
#: the right spine of `root`.
WEAVES = {
    "python": """
class Solution:
    def weave(self, values, head: Optional[ListNode], root: Optional[TreeNode]) -> int:
        before = None
        while head:
            head.next, before, head = before, head, head.next
        values[0], values[1] = before, None
        count = 0
        while root:
            count, root = count + 1, root.right
        return count
""",
    "javascript": """
function weave(values, head, root) {
    let before = null;
    while (head) [head.next, before, head] = [before, head, head.next];
    values[0] = before;
    values[1] = null;
    let count = 0;
    for (; root; root = root.right) count++;
    return count;
}
""",
    "cpp17": """
class Solution {
public:
    int weave(vector<ListNode*>& values, ListNode* head, TreeNode* root) {
        ListNode* before = nullptr;
        while (head) swap(head->next, before), swap(head, before);
        values[0] = before;
        values[1] = nullptr;
        int count = 0;
        for (; root; root = root->right) count++;
        return count;
    }
};
""",
    "java": """
class Solution {
    public int weave(ListNode[] values, ListNode head, TreeNode root) {
        ListNode before = null;
        while (head != null) {
            ListNode next = head.next;
            head.next = before;
            before = head;
            head = next;
        }
        values[0] = before;
        values[1] = null;
        int count = 0;
        for (; root != null; root = root.right) count++;
        return count;
    }
}
""",
    "go": """
package main

func weave(values []*ListNode, head *ListNode, root *TreeNode) int {
	var before *ListNode
	for head != nil {
		head.Next, before, head = before, head, head.Next
	}
	values[0], values[1] = before, nil
	count := 0
	for ; root != nil; root = root.Right {
		count++
	}
	return count
}
""",
}

#: A mistake in the third line: of the compiler's, or of the run.
BROKEN = {
    "python": "class Solution:\n    def twoSum(self, nums, target):\n        return nums[99]\n",
    "javascript": "var twoSum = (nums, target) => {\n\n    return nums.x.y;\n};\n",
    "typescript": "function twoSum(nums: any) {\n    type T = number;\n    return nums.x.y;\n}",
    "cpp17": "class Solution {\npublic:\n    vector<int> twoSum(int\n};\n",
    "java": "class Solution {\n\n    int[] twoSum(int[] nums int target) {}\n}\n",
    "go": "func twoSum(nums []int, target int) []int {\n\n\treturn none\n}\n",
}
