import java.util.Scanner;

public class Main {
    public static void main(String[] args) {
        Scanner in = new Scanner(System.in);
        int n = in.nextInt();
        int before = in.nextInt();
        long climb = 0;
        for (int i = 1; i < n; i++) {
            int height = in.nextInt();
            climb += Math.max(0, height - before);
            before = height;
        }
        System.out.println(climb);
    }
}
