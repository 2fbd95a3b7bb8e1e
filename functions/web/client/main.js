// The page's beginning: which address is which page, and what stands around all of them.
import { me, showAccount } from "./account.js";
import { ask } from "./api.js";
import { connection } from "./connection.js";
import { say } from "./dom.js";
import { nothing } from "./pages/nothing.js";

const PAGES = [
  [/^\/$/, async () => (await import("./pages/problems.js")).problems],
  [/^\/p\/(?<id>[^/]+)$/, async () => (await import("./pages/problem.js")).problem],
  [/^\/play$/, async () => (await import("./pages/play.js")).play],
  [/^\/history$/, async () => (await import("./pages/history.js")).history],
  [/^\/s\/(?<id>[^/]+)$/, async () => (await import("./pages/submission.js")).submission],
  [/^\/standings$/, async () => (await import("./pages/standings.js")).standings],
  [/^\/sign-in$/, async () => (await import("./pages/sign-in.js")).signIn],
  [/^\/join$/, async () => (await import("./pages/sign-in.js")).join],
  [/^\/account$/, async () => (await import("./pages/sign-in.js")).account],
  [/^\/admin$/, async () => (await import("./pages/admin.js")).admin],
];

const view = document.getElementById("view");
let leave = () => {};
let visit = 0;
let shown = ""; // the address of what is shown, without its fragment

async function show() {
  const mine = ++visit;
  shown = location.pathname + location.search;
  leave();
  leave = () => {};
  for (const link of document.querySelectorAll("nav a")) {
    if (new URL(link.href).pathname === location.pathname) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  const found = PAGES.map(([form, load]) => [location.pathname.match(form), load]).find(([match]) => match);
  try {
    if (!found) {
      nothing(view);
      return;
    }
    const [page] = await Promise.all([found[1](), me]); // what is kept is kept by whom
    if (mine !== visit) return;
    const parameters = Object.fromEntries(Object.entries(found[0].groups ?? {}).map(([name, value]) => [name, decodeURIComponent(value)]));
    const left = await page(view, { ...parameters, query: new URLSearchParams(location.search) });
    if (mine === visit) leave = left ?? (() => {});
    else left?.();
  } catch (error) {
    if (mine === visit) nothing(view, error);
  }
}

/** Go to another page of ours without loading everything anew. */
export function go(path) {
  history.pushState(null, "", path);
  show();
  view.focus({ preventScroll: true });
  scrollTo(0, 0);
}

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[href]");
  if (!link || event.defaultPrevented || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || link.target) return;
  const url = new URL(link.href);
  if (url.origin !== location.origin || !PAGES.some(([form]) => form.test(url.pathname)) || (url.hash && url.pathname === location.pathname)) return;
  event.preventDefault();
  go(url.pathname + url.search);
});
addEventListener("popstate", () => {
  if (location.pathname + location.search !== shown) show(); // else only the fragment is another
});

connection.watch((text) => say(document.getElementById("connection"), text));

/** Look at the service now, and again every few seconds while the page is seen. */
async function watchService() {
  const place = document.getElementById("service");
  try {
    if (!document.hidden && (await me)) {
      const status = await ask("/status");
      place.textContent = {
        down: "No worker is alive: submissions will wait until one is.",
        full: "The line is full: nothing more is taken for now.",
      }[status.state] ?? (status.queued > 0 ? `${status.queued} waiting in line` : ""); // all is well: nothing to say
    }
  } catch (error) {
    place.textContent = error.message;
  }
  setTimeout(watchService, 10_000);
}

show();
showAccount(document.getElementById("account"));
watchService();
