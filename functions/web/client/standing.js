// How an accepted solution does beside those of others; nothing where there are too few.
import { ask, languages } from "./api.js";
import { fill, h } from "./dom.js";
import { bytes, milliseconds } from "./format.js";
import { spreadPlot } from "./spread-plot.js";

/** Asked for and shown in `place`, if there is something to say of this result. */
export async function showStanding(place, result) {
  if (result?.verdict !== "accepted" || !result.problemId) return;
  try {
    const told = await ask(`/result/${result.id}/standing`);
    const shown = [
      told.cpuTimeMs && spreadPlot(told.cpuTimeMs, { title: "Time", better: "faster than", worst: "no other is slower", unit: milliseconds, count: told.solutions }),
      told.peakMemoryBytes && spreadPlot(told.peakMemoryBytes, { title: "Memory", better: "less than", worst: "no other needs more", unit: bytes, count: told.solutions }),
    ].filter(Boolean);
    if (shown.length > 0) fill(place, h("div", { class: "spreads" }, shown), h("p", { class: "hint" }, await about(told)));
  } catch {
    // It is an extra: without it the verdict stands as it is.
  }
}

async function about({ solutions, language }) {
  const known = await languages().catch(() => []);
  const title = known.find((it) => it.name === language)?.title ?? language;
  return `Beside the best accepted solutions of ${solutions} others, ${language ? `in ${title}` : "in all languages"}.`;
}
