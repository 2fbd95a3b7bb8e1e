const M = 1000000007n;
const times = (a, b) => [0, 1].map((i) => [0, 1].map((j) =>
    (a[i][0] * b[0][j] + a[i][1] * b[1][j]) % M));

let n = BigInt(require("fs").readFileSync(0, "utf8")) - 1n;
let result = [[1n, 0n], [0n, 1n]];
let power = [[0n, 1n], [2n, 2n]];
for (; n > 0n; n >>= 1n) {
    if (n & 1n) result = times(result, power);
    power = times(power, power);
}
console.log(String((result[0][0] + 2n * result[0][1] + result[1][0] + 2n * result[1][1]) % M));
