// Calls the function that the solution defines. This file is Assay's, and carries values only.
const fs = require("node:fs");
const vm = require("node:vm");

const CALL = {};
const MOST_NODES = 1_000_000;
const { stringify } = JSON;
const { isArray } = Array;
const { open, write, close, said, exit } = {
    open: fs.openSync, write: fs.writeSync, close: fs.closeSync, said: console.error, exit: process.exit,
};

class ListNode {
    constructor(val, next) {
        this.val = val === undefined ? 0 : val;
        this.next = next === undefined ? null : next;
    }
}

class TreeNode {
    constructor(val, left, right) {
        this.val = val === undefined ? 0 : val;
        this.left = left === undefined ? null : left;
        this.right = right === undefined ? null : right;
    }
}

// What people call without `new`, as they may where these are functions.
const callable = (made) => new Proxy(made, { apply: (_, __, given) => new made(...given) });

function fail(message) {
    said(message);
    exit(1);
}

// What the function is given for a value.
function there(kind, value) {
    if (kind === null || value === null) return value;
    if (kind[0] === "ListNode") return value.reduceRight((next, val) => new ListNode(val, next), null);
    if (kind[0] === "TreeNode") return tree(value);
    if (kind[0] === "optional") return there(kind[1], value);
    return kind[0] === "list" ? value.map((entry) => there(kind[1], entry)) : value;
}

function tree(values) {
    if (values.length === 0 || values[0] === null) return null;
    const nodes = [new TreeNode(values[0])];
    let at = 1;
    for (let parent = 0; parent < nodes.length && at < values.length; parent++) {
        for (const side of ["left", "right"]) {
            const value = at < values.length ? values[at++] : null;
            if (value !== null) nodes.push((nodes[parent][side] = new TreeNode(value)));
        }
    }
    return nodes[0];
}

// The JSON of what the function gave.
function back(kind, value) {
    if (kind !== null && kind[0] === "ListNode") return plain(valuesOfList(value));
    if (kind !== null && kind[0] === "TreeNode") return plain(valuesOfTree(value));
    if (kind !== null && kind[0] === "optional") return value == null ? "null" : back(kind[1], value);
    if (kind !== null && kind[0] === "list" && isArray(value)) {
        const parts = [];
        for (let at = 0; at < value.length; at++) parts.push(back(kind[1], value[at]));
        return "[" + parts.join(",") + "]";
    }
    return plain(value);
}

function valuesOfList(node) {
    const values = [];
    for (; node; node = node.next) {
        values.push(node.val);
        if (values.length > MOST_NODES) fail(`the list has more than ${MOST_NODES} nodes, or a cycle`);
    }
    return values;
}

function valuesOfTree(root) {
    const nodes = root ? [root] : [], values = [];
    for (let at = 0; at < nodes.length; at++) {
        const node = nodes[at];
        values.push(node ? node.val : null);
        if (node) nodes.push(node.left, node.right);
        if (nodes.length > 2 * MOST_NODES) fail(`the tree has more than ${MOST_NODES} nodes, or a cycle`);
    }
    while (values.length && values[values.length - 1] === null) values.pop();
    return values;
}

function plain(value) {
    if (value === null || value === undefined) return "null";
    if (typeof value === "number" || typeof value === "bigint") return Object.is(value, -0) ? "0" : `${value}`;
    if (typeof value === "boolean") return value ? "true" : "false";
    if (typeof value === "string") return stringify(value);
    if (typeof value !== "object") return fail(`a ${typeof value} was returned, which is no value`);
    const parts = [];
    if (isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView))) {
        for (let at = 0; at < value.length; at++) parts.push(plain(value[at]));
        return "[" + parts.join(",") + "]";
    }
    for (const key of Object.keys(value)) parts.push(stringify(key) + ":" + plain(value[key]));
    return "{" + parts.join(",") + "}";
}

// The solution as a script: its names are global, its lines and its file name are its own.
function loaded() {
    Object.assign(globalThis, { require, module, exports, ListNode: callable(ListNode), TreeNode: callable(TreeNode) });
    new vm.Script(source(), { filename: CALL.file }).runInThisContext();
    const named = (name) => vm.runInThisContext(`typeof ${name} === "undefined" ? undefined : ${name}`);
    const Solution = named("Solution") ?? module.exports.Solution;
    if (typeof Solution === "function" && typeof Solution.prototype?.[CALL.function] === "function") {
        const solution = new Solution();
        return (...given) => solution[CALL.function](...given);
    }
    const found = named(CALL.function) ?? module.exports[CALL.function] ?? module.exports;
    if (typeof found === "function") return found;
    return fail(`${CALL.file} has neither a function ${CALL.function} nor a method of class Solution`);
}

function source() {
    const text = fs.readFileSync(CALL.file, "utf8");
    if (!CALL.file.endsWith(".ts")) return text;
    const { stripTypeScriptTypes } = require("node:module");
    try {
        return stripTypeScriptTypes(text); // leaves every line and column where it is
    } catch (error) {
        if (error.code !== "ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX") throw error;
        return stripTypeScriptTypes(text, { mode: "transform" }); // enums, namespaces
    }
}

async function main() {
    const lines = fs.readFileSync(0, "utf8").split("\n").filter((line) => line.trim());
    const kinds = CALL.parameters;
    const given = lines.map((line, at) => there(kinds ? kinds[at] : null, JSON.parse(line)));
    let result = loaded()(...given);
    if (result instanceof Promise) result = await result;
    let count = null;
    if (CALL.inPlace !== null) [count, result] = [result, given[CALL.inPlace]];
    let text = back(CALL.result, result);
    if (CALL.cut) text = `[${plain(count)},${text}]`;
    // Appending: whatever else is written there makes it two values, which is none.
    const fd = open(".assay-result", "a", 0o600);
    const data = Buffer.from(text + "\n");
    for (let at = 0; at < data.length; ) at += write(fd, data, at);
    close(fd);
}

main().catch((error) => {
    said(error);
    exit(1);
});
