// Who is signed in, and the menu that says so.
import { ask, said } from "./api.js";
import { fill, h } from "./dom.js";
import { ownedBy } from "./kept.js";
import { menu } from "./menu.js";

const LOCAL = "local"; // whoever sits at the machine itself

/** {name, tenant, roles}, or null for nobody. Asked for once; signing in or out loads the page anew. */
export const me = ask("/me", { patient: true }).then(
  (found) => {
    // Two people at one browser do not find each other's drafts.
    ownedBy(found.tenant === LOCAL ? "" : found.tenant);
    return found;
  },
  () => null,
);

export const isAdmin = (who) => who?.roles.includes("admin") ?? false;

/** Whether this is the machine's own user, who has no password and is never signed out. */
export const isLocal = (who) => who?.tenant === LOCAL;

export async function signOut() {
  await ask("/logout", { method: "POST" });
  location.assign("/");
}

export async function showAccount(place) {
  const who = await me;
  if (!who) {
    fill(place, h("a", { href: "/sign-in" }, "Sign in"));
    return;
  }
  const problem = h("p", { class: "notice bad", role: "alert", hidden: true });
  const leave = h("button", { type: "button", class: "quiet", onclick: async () => {
    try {
      await signOut();
    } catch (error) {
      problem.textContent = said(error);
      problem.hidden = false;
    }
  } }, "Sign out");
  fill(place, menu(who.name || who.tenant, [
    h("a", { href: "/history" }, "My submissions"),
    isLocal(who) ? null : h("a", { href: "/account" }, "Change password"),
    isAdmin(who) ? h("a", { href: "/admin" }, "Admin") : null,
    isLocal(who) ? h("a", { href: "/sign-in" }, "Sign in by name") : null,
    leave, problem,
  ], { label: `Account: ${who.name || who.tenant}` }));
}
