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

export async function ask(path, { method = "GET", body, headers = {} } = {}) {
  const options = { method, headers: { accept: "application/json", ...headers } };
  if (body !== undefined) {
    options.body = JSON.stringify(body);
    options.headers["content-type"] = "application/json";
  }
  let response;
  try {
    response = await fetch(path, options);
  } catch {
    throw new Refusal("The service cannot be reached.", 0, {});
  }
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) {
    const detail = answer.detail ?? `The service answered ${response.status}.`;
    throw new Refusal(detail, response.status, answer);
  }
  return answer;
}

let known = null;

/** The languages, asked for once: [{name, title, version, starter, limits, file}]. */
export function languages() {
  known ??= ask("/languages").then((answer) => answer.languages);
  known.catch(() => { known = null; });
  return known;
}
