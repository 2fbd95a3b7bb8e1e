// Where nothing can be shown: why, and ways on.
import { said } from "../api.js";
import { fill, h } from "../dom.js";

const sentence = (text) => text.charAt(0).toUpperCase() + text.slice(1) + (/[.!?]$/.test(text) ? "" : ".");

/** An address that is none of ours, or an error that came of one that is. */
export function nothing(view, error = null) {
  const isMissing = !error || error.status === 404;
  const next = encodeURIComponent(location.pathname + location.search);
  document.title = isMissing ? "Nothing is here · Assay" : "Assay";
  fill(view, h("div", { class: "narrow slim nothing" },
    h("h1", {}, isMissing ? "Nothing is here" : "This cannot be shown"),
    h("p", { class: isMissing ? "notice" : "notice bad", role: "alert" },
      error ? sentence(said(error)) : "No page has this address. The link may be old, or a letter of it is missing."),
    h("p", { class: "row" },
      error?.status === 401 ? h("a", { class: "button", href: `/sign-in?next=${next}` }, "Sign in") : null,
      h("a", { class: "button", href: "/" }, "Problems"),
      h("a", { class: "button", href: "/play" }, "Playground"),
      h("a", { class: "button", href: "/history" }, "My submissions"))));
}
