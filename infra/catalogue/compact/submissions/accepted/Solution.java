class Solution {
    public void pushLeft(int[] shelf) {
        int free = 0;
        for (int book : shelf) if (book != 0) shelf[free++] = book;
        while (free < shelf.length) shelf[free++] = 0;
    }
}
