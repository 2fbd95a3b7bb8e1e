class Solution {
    public ListNode mergeQueues(ListNode first, ListNode second) {
        if (first == null) return second;
        if (second == null) return first;
        if (second.val < first.val) return mergeQueues(second, first);
        first.next = mergeQueues(first.next, second);
        return first;
    }
}
