// What people call problems and languages, for lists that know them by id.
import { ask, languages } from "./api.js";

let problems = null;

/** {problem(id), language(name)}; the compiler is left out, and what has no name any more is called by its id. */
export async function names() {
  problems ??= ask("/problems").then((found) => new Map(found.problems.map((it) => [it.id, it.name])));
  problems.catch(() => { problems = null; });
  const [ofProblems, known] = await Promise.all([problems, languages()].map((it) => it.catch(() => null)));
  const ofLanguages = new Map(known?.map((it) => [it.name, it.title.replace(/ \(.*\)$/, "")]));
  return {
    problem: (id) => ofProblems?.get(id) ?? id,
    language: (name) => ofLanguages.get(name) ?? name,
  };
}
