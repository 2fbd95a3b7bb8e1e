#include <stdio.h>

int main(void) {
    int n;
    double length, speed, distance = 0, time = 0;
    scanf("%d", &n);
    while (n--) {
        scanf("%lf %lf", &length, &speed);
        distance += length;
        time += length / speed;
    }
    printf("%.9f\n", distance / time);
    return 0;
}
