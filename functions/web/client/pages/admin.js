// For admins: who may come in, who is here, and how the service is doing.
import { isAdmin, isLocal, me } from "../account.js";
import { ask, said } from "../api.js";
import { copyButton, fill, h, say } from "../dom.js";
import { field, form } from "../form.js";
import { table, when } from "../table.js";
import { act } from "./act.js";
import { overview } from "./overview.js";

export async function admin(view) {
  document.title = "Admin · Assay";
  const problem = h("p", { class: "notice bad", role: "alert", hidden: true });
  const who = await me;
  if (!isAdmin(who)) {
    fill(view, h("div", { class: "narrow" }, h("h1", {}, "Admin"), h("p", { class: "notice bad", role: "alert" }, "This page is for admins.")));
    return;
  }
  const parts = isLocal(who) ? [overview, invitations, accounts] : [invitations, accounts]; // the operator's is the first
  const sections = parts.map((make) => make((error) => say(problem, error ? said(error) : "")));
  fill(view, h("div", { class: "narrow" }, h("h1", {}, "Admin"), problem, sections.map((it) => it.element)));
  await Promise.all(sections.map((it) => it.load().catch((error) => say(problem, said(error)))));
  return () => sections.forEach((it) => it.leave?.());
}

/** A link that is told this once. */
function link(about, path, until) {
  const whole = new URL(path, location.href).href;
  return h("div", { class: "notice good", role: "status" }, h("p", {}, about, ` It is shown this once, and good until ${new Date(until).toLocaleString()}.`),
    h("p", { class: "row" }, h("code", {}, whole), copyButton(() => whole, "Copy the link")));
}

function invitations(told) {
  const body = h("tbody");
  const made = h("div");
  const none = h("p", { class: "empty", hidden: true }, "No invitation is open.");
  const list = table("Invitations", ["Roles", "Uses left", { name: "Made", minor: true }, { name: "Good until", minor: true }, { name: "Revoke", hidden: true }], body);

  async function load() {
    const { invites } = await ask("/invites");
    fill(body, invites.map((it) => h("tr", {},
      h("td", {}, it.roles.join(", ")), h("td", {}, `${it.usesLeft} of ${it.uses}`), h("td", { class: "minor" }, when(it.createdMs)),
      h("td", { class: "minor" }, new Date(it.expiresMs).toLocaleString()),
      h("td", { class: "number" }, act("Revoke", told, async () => {
        await ask(`/invites/${it.id}`, { method: "DELETE" });
        await load();
      }, { danger: true })))));
    none.hidden = !(list.hidden = invites.length === 0);
  }

  const whole = (name, label, value, max) => h("div", {}, field(name, label, { type: "number", min: "1", max: String(max), value: String(value), required: true }));
  const create = form("New invitation", [
    h("div", { class: "row fields" }, whole("uses", "People", 1, 1000), whole("days", "Days", 7, 365),
      h("label", { for: "admin-role" }, h("input", { type: "checkbox", id: "admin-role", name: "admin" }), " As admins")),
  ], "Make an invitation", async ({ uses, days, admin: asAdmin }) => {
    const roles = asAdmin ? { roles: ["admin", "read", "submit"] } : {};
    const invite = await ask("/invites", { method: "POST", body: { uses: Number(uses), days: Number(days), ...roles } });
    made.prepend(link("Send this link to whom you invite.", invite.url, invite.expiresMs));
    await load();
  });
  return { element: h("section", { class: "card" }, h("h2", {}, "Invitations"), create, made, list, none), load };
}

function accounts(told) {
  const body = h("tbody");
  const made = h("div");
  const none = h("p", { class: "empty", hidden: true }, "Nobody has an account yet.");
  const list = table("Accounts", ["Name", { name: "Roles", minor: true }, { name: "Since", minor: true }, { name: "Password", minor: true }, { name: "Actions", hidden: true }], body);

  async function load() {
    const { accounts: all } = await ask("/accounts");
    fill(body, all.map((it) => h("tr", {},
      h("td", {}, it.name), h("td", { class: "minor" }, it.roles.join(", ")), h("td", { class: "minor" }, when(it.createdMs)), h("td", { class: "minor" }, it.hasPassword ? "yes" : "none"),
      h("td", { class: "number" },
        act("Sign-in link", told, async () => {
          const { url, expiresMs } = await ask(`/accounts/${encodeURIComponent(it.name)}/login`, { method: "POST" });
          fill(made, link(`This link signs ${it.name} in, once.`, url, expiresMs));
        }, { name: `Sign-in link for ${it.name}` }), " ",
        act("Delete", told, async () => {
          if (!confirm(`Delete the account ${it.name}? Nobody can sign in by it any more.`)) return;
          await ask(`/accounts/${encodeURIComponent(it.name)}`, { method: "DELETE" });
          await load();
        }, { name: `Delete ${it.name}`, danger: true })))));
    none.hidden = !(list.hidden = all.length === 0);
  }
  return { element: h("section", { class: "card" }, h("h2", {}, "Accounts"), made, list, none), load };
}
