/* Room for two hundred crates, and a check that there are no more. */
#include <assert.h>
#include <stdio.h>

int w[200], d[200], best[200];

int main(void) {
    int n, most = 0;
    scanf("%d", &n);
    assert(n <= 200);
    for (int i = 0; i < n; i++) scanf("%d %d", &w[i], &d[i]);
    for (int round = 0; round < n; round++)
        for (int i = 0; i < n; i++)
            for (int j = 0; j < n; j++)
                if (w[j] < w[i] && d[j] < d[i] && best[j] + 1 > best[i]) best[i] = best[j] + 1;
    for (int i = 0; i < n; i++)
        if (best[i] + 1 > most) most = best[i] + 1;
    printf("%d\n", most);
    return 0;
}
