// The form: credentials are verified, then stored; when anything is wrong, what was typed stays, the secret apart.

import { ask, button, details, facts, field, h, list, note } from "./elements.js";
import { COLLECTIONS } from "./progress.js";

/** Which field an answer is about, by its code; of one that is not named the whole form. */
const CONCERNS = {
  "credentials-rejected": "clientSecret",
  "not-a-roster-server": "serverUrl",
  "unexpected-answer": "serverUrl",
  "roster-server-unavailable": "serverUrl",
  "too-slow": "serverUrl",
};
const FIELDS = ["clientId", "clientSecret", "serverUrl"];
const SCHOOLS_SHOWN = 8;

/**
 * Make the form. `from` is null for a tenant that is not connected, else its connection, and `reason` what
 * led here. `onDone(startSync)` is called when the admin has seen the district found, `onCancel` when one
 * who replaces credentials thinks better of it.
 */
export function makeConnect(ctx, { from = null, reason = "", onDone, onCancel = null }) {
  const { t } = ctx;
  const id = field(t("connect.clientId"), input("text", "clientId"));
  const secret = field(t("connect.clientSecret"), input("password", "clientSecret"), {
    hint: t(from ? "connect.secretAgain" : "connect.secretHint"),
  });
  const server = field(t("connect.serverUrl"), input("url", "serverUrl"), { hint: t("connect.serverHint") });
  const fields = { clientId: id, clientSecret: secret, serverUrl: server };
  const advanced = details(t("connect.advanced"), server.root);
  const complaint = h("div", { class: "close" });
  const state = h("p", { class: "muted", role: "status" });
  const save = h("button", { type: "submit", class: "primary" }, t("connect.save"));
  if (from) server.control.value = from.serverUrl;
  advanced.open = Boolean(from);

  const form = h(
    "form",
    { class: "stack", novalidate: true, autocomplete: "off", "aria-label": t("connect.title") },
    reason && note("bad", h("p", {}, reason)),
    complaint,
    id.root,
    secret.root,
    advanced,
    h("div", { class: "actions" }, save, onCancel && button(t("cancel"), leave, { kind: "plain" })),
    state,
  );
  const root = h("div", { class: "columns" }, h("section", { class: "panel" }, heading(t, from), form), help(t));

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (save.getAttribute("aria-disabled") !== "true") await submit({});
  });

  function leave() {
    // What is being verified may be stored any moment: leaving would not stop it.
    if (save.getAttribute("aria-disabled") === "true") return;
    secret.control.value = "";
    onCancel();
  }

  async function submit(more) {
    takeBack();
    const missing = ["clientId", "clientSecret"].filter((name) => !fields[name].control.value.trim());
    for (const name of missing) fields[name].complain(t(`connect.missing.${name}`));
    if (missing.length) return fields[missing[0]].control.focus();
    busy(true);
    try {
      const found = await ctx.api.put("/integration/credentials", {
        clientId: id.control.value,
        clientSecret: secret.control.value,
        serverUrl: server.control.value,
        ...more,
      });
      secret.control.value = "";
      connected(found);
    } catch (problem) {
      await failed(problem);
    } finally {
      busy(false);
    }
  }

  function connected(found) {
    if (found.status !== "switching") ctx.emit("connected", { districtName: found.districtName });
    const title = h("h2", { tabindex: -1 }, t("found.title", { district: found.districtName }));
    root.replaceWith(
      h(
        "section",
        { class: "panel" },
        title,
        h("p", {}, t("found.about")),
        facts(
          ["teachers", "students", "classes"].map((name) => [
            t(`collection.${name}`),
            found.records[name] === undefined || found.records[name] === null
              ? t("found.uncounted")
              : ctx.format.number(found.records[name]),
          ]),
        ),
        schools(found.schools),
        found.advice.length &&
          note("warn", [h("strong", {}, t("found.advice")), list(found.advice)]),
        found.status === "switching"
          ? [note("busy", h("p", {}, t("found.switching"))), button(t("found.status"), () => onDone(""), { kind: "primary" })]
          : h(
              "div",
              { class: "actions" },
              button(t("found.sync"), () => onDone("changes"), { kind: "primary" }),
              button(t("found.preview"), () => onDone("preview")),
              button(t("found.later"), () => onDone(""), { kind: "plain" }),
            ),
      ),
    );
    title.focus();
  }

  function schools(names) {
    const shown = names.slice(0, SCHOOLS_SHOWN);
    const more = names.length - shown.length;
    return (
      names.length > 0 &&
      h("div", { class: "close" }, [
        h("h3", {}, t("found.schools", { count: names.length })),
        h("ul", {}, shown.map((name) => h("li", {}, name)), more > 0 && h("li", {}, t("found.more", { count: more }))),
      ])
    );
  }

  async function failed(problem) {
    if (problem.code === "other-district" && (await isMeant(problem))) return submit({ confirmDistrict: true });
    secret.control.value = "";
    const text = ctx.describe(problem);
    const named = FIELDS.find((name) => problem.code === "invalid-input" && text.includes(name));
    const concerned = fields[named ?? CONCERNS[problem.code]];
    if (!concerned) {
      complaint.replaceChildren(note("bad", h("p", {}, text), { urgent: true }));
      return;
    }
    concerned.complain(text);
    if (concerned === server) advanced.open = true;
    ctx.say(text);
    concerned.control.focus();
  }

  /** Whether the admin means to leave the district that is connected for the one found. */
  function isMeant({ districts: names }) {
    return ask(ctx.place, {
      title: t("otherDistrict.title"),
      body: [h("p", {}, t("otherDistrict.about", names)), note("warn", h("p", {}, t("otherDistrict.removal", names)))],
      actions: [
        [t("otherDistrict.yes", names), true, "danger"],
        [t("cancel"), false, "plain"],
      ],
    });
  }

  function takeBack() {
    complaint.replaceChildren();
    for (const name of FIELDS) fields[name].complain("");
  }

  function busy(isBusy) {
    save.setAttribute("aria-disabled", String(isBusy));
    form.setAttribute("aria-busy", String(isBusy));
    for (const name of FIELDS) fields[name].control.readOnly = isBusy;
    save.textContent = t(isBusy ? "connect.verifying" : "connect.save");
    state.textContent = isBusy ? t("connect.wait") : "";
  }

  return root;
}

function input(type, name) {
  return h("input", { type, name, autocomplete: type === "password" ? "new-password" : "off", spellcheck: "false", autocapitalize: "none" });
}

function heading(t, from) {
  return [
    h("h2", { tabindex: -1 }, t(from ? "connect.replaceTitle" : "connect.title")),
    h("p", { class: "muted" }, t(from ? "connect.replaceAbout" : "connect.about")),
  ];
}

function help(t) {
  return h(
    "aside",
    { class: "panel", "aria-label": t("help.label") },
    h("h3", {}, t("help.where")),
    h("ol", {}, [1, 2, 3].map((step) => h("li", {}, t(`help.step${step}`)))),
    h("h3", {}, t("help.approved")),
    h("p", {}, t("help.permissions")),
    list(COLLECTIONS.map((name) => t(`collection.${name}`))),
    h("p", { class: "muted" }, t("help.secret")),
  );
}
