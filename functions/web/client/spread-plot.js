// One figure among those of others: bars on a logarithmic scale, and where one's own is.
import { h } from "./dom.js";

const SPACE = "http://www.w3.org/2000/svg";
const [STEP, GAP, HEIGHT, TOP] = [10, 2, 26, 7];

function shape(tag, attributes, ...children) {
  const made = document.createElementNS(SPACE, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
  made.append(...children);
  return made;
}

/** "72 %": never all of them but when it is all, never none but when it is none. */
export function percent(share) {
  const rounded = Math.round(share * 100);
  if (rounded === 100 && share < 1) return "99 %";
  if (rounded === 0 && share > 0) return "1 %";
  return `${rounded} %`;
}

/** `title` is "Time", `better` "faster than", `worst` what is said for none; `unit(value)` writes a figure, `count` is how many others. */
export function spreadPlot(told, { title, better, worst, unit, count }) {
  const most = Math.max(...told.counts);
  const width = told.counts.length * STEP;
  const bars = told.counts.map((many, at) => {
    const tall = many === 0 ? 0 : Math.max(2, (many / most) * HEIGHT);
    return shape("rect", { class: "count", x: at * STEP + GAP / 2, y: TOP + HEIGHT - tall, width: STEP - GAP, height: tall, rx: 1 });
  });
  const middle = told.ownPlace * STEP + STEP / 2;
  const own = [
    shape("line", { class: "own", x1: middle, x2: middle, y1: 4, y2: TOP + HEIGHT }),
    shape("circle", { class: "own", cx: middle, cy: 4, r: 3 }),
  ];
  const said = told.aheadOf > 0 ? `${better} ${percent(told.aheadOf)}` : worst;
  const drawing = shape("svg", {
    viewBox: `0 0 ${width} ${TOP + HEIGHT}`, role: "img",
    "aria-label": `${title}: ${unit(told.own)}, ${said} of ${count} accepted solutions; on a scale from ${unit(told.least)} to ${unit(told.most)}`,
  }, ...bars, shape("line", { class: "ground", x1: 0, x2: width, y1: TOP + HEIGHT, y2: TOP + HEIGHT }), ...own);
  return h("figure", { class: "spread" },
    h("figcaption", {}, `${title}: `, h("strong", {}, said)),
    drawing,
    h("p", { class: "scale", "aria-hidden": "true" }, h("span", {}, unit(told.least)), h("span", {}, unit(told.most))));
}
