// Figures and words as people read them.

export const TONES = {
  accepted: "good",
  completed: "good",
  cancelled: "warn",
  "judge-error": "warn",
  "queue-timeout": "warn",
};

const NOTES = {
  completed: "It only ran: nothing was compared.",
  "queue-timeout": "It waited longer than its caller allowed, and did not run.",
  "judge-error": "This is our fault, not the program's.",
};

export const words = (name) => name.charAt(0).toUpperCase() + name.slice(1).replaceAll("-", " ");

export const toneOf = (verdict) => TONES[verdict] ?? "bad";

export const noteOf = (verdict, message) => message ?? NOTES[verdict] ?? "";

export function milliseconds(value) {
  if (value == null) return null;
  if (value >= 10000) return `${(value / 1000).toFixed(1)} s`;
  return `${value < 100 ? Math.round(value * 10) / 10 : Math.round(value)} ms`;
}

export function bytes(value) {
  if (value == null) return null;
  if (value < 1048576) return `${Math.round(value / 1024)} KiB`;
  const mebibytes = value / 1048576;
  if (mebibytes >= 1024) return `${Number((mebibytes / 1024).toFixed(1))} GiB`;
  return `${Number.isInteger(mebibytes) ? mebibytes : mebibytes.toFixed(1)} MiB`;
}

/** "3 min ago", for a Unix time in milliseconds. */
export function ago(thenMs) {
  const minutes = Math.floor((Date.now() - thenMs) / 60_000);
  if (minutes < 1) return "just now";
  if (minutes < 60) return `${minutes} min ago`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return `${hours} h ago`;
  return hours < 48 ? "yesterday" : `${Math.floor(hours / 24)} days ago`;
}

/** The text of an output that travels as text or as base64. */
export function decode(text, encoding) {
  if (encoding !== "base64") return text ?? "";
  const raw = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  return new TextDecoder().decode(raw);
}
