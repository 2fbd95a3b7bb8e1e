const keys = require("fs").readFileSync(0, "utf8").trim();
const paper = [];
for (const key of keys) {
    if (key === "<") paper.pop();
    else paper.push(key);
}
console.log(paper.join("") || "(empty)");
