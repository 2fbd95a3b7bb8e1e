// In by name and password, or by an invitation; and another password later.
import { isLocal, me, signOut } from "../account.js";
import { ask } from "../api.js";
import { fill, h } from "../dom.js";
import { field, form } from "../form.js";

const LEAST_PASSWORD = 10;
const password = (name, label, options) => field(name, label, { type: "password", required: true, ...options });

/** Where somebody wanted to go: a path of ours, never another site. */
export function wanted(query) {
  const next = query.get("next") ?? "/";
  return /^\/(?![/\\])/.test(next) ? next : "/";
}

// The connection and all that is known belong to whoever was signed in: everything begins anew.
const enter = (path) => location.assign(path);

export async function signIn(view, { query }) {
  document.title = "Sign in · Assay";
  const who = await me;
  if (who && query.has("next")) {
    location.replace(wanted(query));
    return;
  }
  if (query.has("token")) { // a button: who only looks at the link, as a preview does, shall not use it up
    fill(view, h("div", { class: "card narrow form" }, h("h1", {}, "Sign in"),
      h("p", {}, "This link signs you in, once."),
      form("Sign in", [], "Sign in", async () => {
        await ask("/session", { method: "POST", body: { token: query.get("token") } });
        enter("/account");
      })));
    return;
  }
  fill(view, h("div", { class: "card narrow form" }, h("h1", {}, "Sign in"),
    query.get("failed") === "token" ? h("p", { class: "notice bad", role: "alert" }, "This link was used before, or is too old. Whoever gave it can make another.") : null,
    who ? h("p", { class: "hint" }, isLocal(who) ? "At this machine itself you need no name; you may use one." : `You are ${who.name}.`) : null,
    form("Sign in", [
      field("name", "Name", { required: true, autocomplete: "username", autocapitalize: "off", spellcheck: "false" }),
      password("password", "Password", { autocomplete: "current-password" }),
    ], "Sign in", async ({ name, password: secret }) => {
      await ask("/session", { method: "POST", body: { name, password: secret } });
      enter(wanted(query));
    }),
    h("p", { class: "hint" }, "An account begins with an invitation: a link from whoever runs this place. Who has lost the password asks there, too.")));
}

export async function join(view, { query }) {
  document.title = "Join · Assay";
  const token = query.get("token") ?? "";
  const [opens, who] = await Promise.all([invitation(token), me]);
  const parts = opens.problem
    ? [h("p", { class: "notice bad", role: "alert" }, opens.problem), h("p", { class: "row" }, who?.account ? h("a", { class: "button", href: "/" }, "Problems") : h("a", { class: "button", href: "/sign-in" }, "Sign in"))]
    : [
      h("p", {}, opens.roles.includes("admin") ? "You are invited, as an admin. Choose the name that others see." : "You are invited. Choose the name that others see."),
      who?.account ? h("p", { class: "notice" }, `You are signed in as ${who.name}; this makes another account.`) : null,
      form("Join", [
        field("name", "Name", { required: true, autocomplete: "username", autocapitalize: "off", spellcheck: "false" }),
        field("password", "Password", {
          type: "password", autocomplete: "new-password",
          about: `To come back later, from any browser. ${LEAST_PASSWORD} characters or more; without one you are signed in here only.`,
        }),
      ], "Join", async ({ name, password: secret }) => {
        await ask("/accounts", { method: "POST", body: { token, name, ...(secret && { password: secret }) } });
        enter("/");
      }),
    ];
  fill(view, h("div", { class: "card narrow form" }, h("h1", {}, "Join"), parts));
}

/** {roles}, or {problem}: why this token opens nothing. */
async function invitation(token) {
  if (!token) return { problem: "An invitation is a link with a token; this one has none." };
  try {
    return await ask("/invites/check", { method: "POST", body: { token }, patient: true });
  } catch (error) {
    if (error.status !== 401) throw error;
    return { problem: "This invitation was used, has expired, or never was one. Whoever gave it can make another." };
  }
}

export async function account(view) {
  document.title = "Account · Assay";
  const who = await me;
  if (!who?.account) {
    fill(view, h("div", { class: "card narrow form" }, h("h1", {}, who?.name || "Account"),
      h("p", {}, "Here you are known by the machine you sit at, or by a link of the one who runs it, not by a password.")));
    return;
  }
  const done = h("p", { class: "hint", role: "status" });
  fill(view, h("div", { class: "card narrow form" }, h("h1", {}, who.name),
    h("h2", {}, who.hasPassword ? "Change the password" : "Choose a password"),
    form("Password", [
      h("input", { type: "text", name: "username", autocomplete: "username", value: who.name, hidden: true, readonly: true }),
      who.hasPassword ? field("current", "Password so far", { type: "password", autocomplete: "current-password", about: "Not needed after you came by a sign-in link." }) : [],
      password("password", "New password", { autocomplete: "new-password", about: `${LEAST_PASSWORD} characters or more. You stay signed in here, and nowhere else.` }),
    ], "Save", async ({ current, password: secret }) => {
      done.textContent = "";
      await ask("/me/password", { method: "PUT", body: { password: secret, ...(current && { current }) } });
      done.textContent = "The password is changed.";
      for (const input of view.querySelectorAll("input[type=password]")) input.value = "";
    }), done,
    h("h2", {}, "Sign out"), h("p", {}, h("button", { type: "button", class: "quiet", onclick: signOut }, "Sign out"))));
}
