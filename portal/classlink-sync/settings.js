// What a tenant chooses: when it syncs, which classes become groups, whose users are made; and the way out.

import { makeAutomatic } from "./automatic.js";
import { makeChoices } from "./choices.js";
import { ask, button, facts, h, newId, note } from "./elements.js";
import { makeNightly } from "./nightly.js";
import { makeProtection } from "./protection.js";

/** Make it; `show()` reads what is chosen. `onReplace()` leads to the form, `onLeft()` is told of a disconnect. */
export function makeSettings(ctx, { connection, onReplace, onLeft }) {
  const { t } = ctx;
  const body = h("div", { class: "stack" }, h("p", { class: "muted" }, t("loading")));
  const root = h("div", { class: "stack" }, h("h3", { tabindex: -1 }, t("settings.title")), !ctx.canAct && note("calm", h("p", {}, t("settings.readOnly"))), body);

  let isRead = false;

  /** Once: what somebody has begun to change is not replaced under their hands. */
  async function show() {
    if (isRead) return;
    await ctx.attempt(body, async () => {
      const [settings, { schools }] = await Promise.all([ctx.api.get("/integration/settings"), ctx.api.get("/integration/schools")]);
      const parts = [makeNightly(ctx, settings), makeChoices(ctx, settings, schools), makeProtection(ctx, settings), makeAutomatic(ctx, settings)];
      isRead = true;
      body.replaceChildren(...parts, ...(ctx.canAct ? [credentials(), leave()] : []));
      if (!ctx.canAct) for (const control of body.querySelectorAll("input, select, button")) control.disabled = true;
    });
  }

  function credentials() {
    return h(
      "section",
      { class: "panel" },
      h("h4", {}, t("credentials.title")),
      facts([
        [t("connect.clientId"), connection.clientId],
        [t("server.address"), connection.serverUrl],
      ]),
      h("p", { class: "muted" }, t("credentials.about")),
      h("div", { class: "actions" }, button(t("credentials.replace"), () => onReplace(""))),
    );
  }

  function leave() {
    const state = h("div", { role: "status" });
    const go = async () => {
      const groups = await askHow();
      if (!groups) return;
      await ctx.attempt(state, async () => {
        await ctx.api.delete(`/integration?groups=${groups}`);
        onLeft();
      });
    };
    return h(
      "section",
      { class: "panel grave" },
      h("h4", {}, t("disconnect.title")),
      h("p", {}, t("disconnect.about", { district: connection.districtName })),
      h("div", { class: "actions" }, button(t("disconnect.go"), go, { kind: "danger" })),
      state,
    );
  }

  async function askHow() {
    const name = newId("groups");
    const choices = ["keep", "remove"].map((value) => {
      const id = newId("choice");
      const control = h("input", { type: "radio", name, id, value });
      return { control, root: h("div", { class: "check" }, control, h("label", { for: id }, t(`disconnect.${value}`)), h("p", { class: "hint" }, t(`disconnect.${value}Hint`))) };
    });
    const wrong = h("p", { class: "wrong", role: "alert" });
    const chosen = () => choices.find(({ control }) => control.checked)?.control.value ?? "";
    const isMeant = await ask(ctx.place, {
      title: t("disconnect.ask", { district: connection.districtName }),
      body: [h("p", {}, t("disconnect.forgets")), h("fieldset", {}, h("legend", {}, t("disconnect.groups")), choices.map(({ root: choice }) => choice)), wrong],
      actions: [
        [t("disconnect.yes"), true, "danger"],
        [t("cancel"), false, "plain"],
      ],
      check() {
        wrong.textContent = chosen() ? "" : t("disconnect.choose");
        return Boolean(chosen());
      },
    });
    return isMeant ? chosen() : "";
  }

  return { root, show, focus: () => root.querySelector("h3").focus() };
}
