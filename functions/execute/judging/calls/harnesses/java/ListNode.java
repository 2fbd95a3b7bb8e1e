public class ListNode {
    /*LIST_VALUE*/ val;
    ListNode next;

    ListNode() {}

    ListNode(/*LIST_VALUE*/ val) {
        this.val = val;
    }

    ListNode(/*LIST_VALUE*/ val, ListNode next) {
        this.val = val;
        this.next = next;
    }
}
