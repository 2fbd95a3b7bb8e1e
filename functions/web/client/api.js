// Requests to the service. A refusal becomes an Error that carries the problem document.

export class Refusal extends Error {
  constructor(message, status, problem) {
    super(message);
    this.status = status;
    this.problem = problem;
  }

  /** The refusal in the API's own words, with the field where the words do not name it. */
  get text() {
    const field = this.problem?.field;
    return field && !this.message.includes(field) ? `${field}: ${this.message}` : this.message;
  }
}

// How long to wait before each further try of what may be sent again.
const PAUSES_MS = [300, 1000, 2500];

/**
 * `patient` tries again when the service cannot be reached. It is for what may be asked twice:
 * reading, and writing with `once`, by which the service takes the request one time only.
 */
export async function ask(path, { method = "GET", body, patient = false, once = false } = {}) {
  const options = { method, headers: { accept: "application/json" } };
  if (body !== undefined) {
    options.body = JSON.stringify(body);
    options.headers["content-type"] = "application/json";
  }
  if (once) options.headers["idempotency-key"] = nonce();
  for (const pauseMs of patient || once ? PAUSES_MS : []) {
    try {
      return await attempt(path, options);
    } catch (error) {
      if (error.status !== 0) throw error;
      await new Promise((resolve) => { setTimeout(resolve, pauseMs); });
    }
  }
  return attempt(path, options);
}

async function attempt(path, options) {
  let response;
  try {
    response = await fetch(path, options);
  } catch {
    throw new Refusal("The service cannot be reached.", 0, {});
  }
  const text = await response.text().catch(() => "");
  const answer = parsed(text);
  if (!response.ok) {
    const detail = answer.detail ?? `The service answered ${response.status}.`;
    throw new Refusal(detail, response.status, answer);
  }
  return answer;
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch { // a proxy's own page, or nothing
    return {};
  }
}

/** Words for whatever went wrong. */
export const said = (error) => error.text ?? error.message ?? String(error);

const nonce = () =>
  [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

let known = null;

/** The languages, asked for once: [{name, title, version, starter, limits, file}]. */
export function languages() {
  known ??= ask("/languages").then((answer) => answer.languages);
  known.catch(() => { known = null; });
  return known;
}
