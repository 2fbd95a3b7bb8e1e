// One's own other submissions to a problem, and the difference to the one that is chosen.
import { ask, said } from "./api.js";
import { fill, h, say } from "./dom.js";
import { ago, words } from "./format.js";
import { names } from "./names.js";

const MOST = 100;

/**
 * `element` is empty where there is nothing to compare with. `plain` is what shows the program by
 * itself, and makes room for the difference; `first` is the id to begin with.
 */
export async function comparison(result, code, plain, first) {
  const place = h("div", { class: "compare" });
  const found = await ask(`/submissions?problem=${encodeURIComponent(result.problemId)}&judged=true&limit=${MOST}`);
  const others = found.submissions.filter((it) => it.id !== result.id);
  if (others.length === 0) return { element: place, leave() {} };
  const { language } = await names();
  const before = others.find((it) => it.createdMs <= result.createdMs);
  const told = (it) => `${it === before ? "The one before: " : ""}${words(it.verdict ?? it.status)}, ${language(it.language)}, ${ago(it.createdMs)}`;
  const select = h("select", { id: "compare-with", onchange: () => show(select.value) },
    new Option("nothing", ""), others.map((it) => new Option(told(it), it.id)));
  const problem = h("p", { class: "notice bad", role: "alert", hidden: true });
  const changes = h("div");
  let shown = null;
  let asked = 0;

  async function show(id) {
    const mine = ++asked;
    say(problem, "");
    history.replaceState(null, "", id ? `?with=${id}` : location.pathname);
    shown?.destroy();
    shown = null;
    changes.replaceChildren();
    plain.hidden = false;
    if (!id) return;
    try {
      const [{ difference }, source] = await Promise.all([import("./difference.js"), ask(`/submission/${id}/code`)]);
      if (mine !== asked) return;
      const isOlder = others.find((it) => it.id === id).createdMs <= result.createdMs;
      const made = await (isOlder ? difference(source.code, code, result.language) : difference(code, source.code, source.language));
      if (mine !== asked) return made.destroy();
      shown = made;
      fill(changes, shown.element);
      plain.hidden = true;
      shown.begin();
    } catch (error) {
      if (mine === asked) say(problem, said(error));
    }
  }

  fill(place, h("div", { class: "row" }, h("label", { for: select.id }, "Compare with"), select), problem, changes);
  if (others.some((it) => it.id === first)) {
    select.value = first;
    show(first);
  }
  return { element: place, leave: () => { asked += 1; shown?.destroy(); } };
}
