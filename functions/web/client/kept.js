// What the browser keeps: code per problem and language, and how a person likes the editor.

const PREFIX = "assay/";
// What somebody wrote is kept apart from what somebody else wrote in the same browser.
const OWNED = ["code:", "stdin:"];
let owner = "";

export function ownedBy(name) {
  owner = name;
}

const full = (name) => PREFIX + (owner && OWNED.some((it) => name.startsWith(it)) ? `${owner}:${name}` : name);

export function kept(name, fallback = null) {
  try {
    const text = localStorage.getItem(full(name));
    return text === null ? fallback : JSON.parse(text);
  } catch { // no storage, or something else's
    return fallback;
  }
}

export function keep(name, value) {
  try {
    if (value === null) localStorage.removeItem(full(name));
    else localStorage.setItem(full(name), JSON.stringify(value));
  } catch {
    // Full or forbidden: the page works without.
  }
}
