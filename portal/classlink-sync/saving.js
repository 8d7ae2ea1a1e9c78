// A part of the settings with a button of its own.

import { h, note } from "./elements.js";

/**
 * Make a form that sends what `read()` returns; `read` may complain beside a field and return null. When the
 * API wants a preview first, `preview(change, place)` makes one and resolves to its id, or "" for no.
 */
export function makeSaving(ctx, { title, about = "", parts, read, preview = null }) {
  const { t } = ctx;
  const state = h("div", { class: "close", role: "status" });
  // Not read out line by line, as the state is.
  const stage = h("div", { class: "close" });
  const save = h("button", { type: "submit", class: "primary" }, t("settings.save"));
  const form = h(
    "form",
    { class: "panel", novalidate: true, "aria-label": title },
    h("h4", {}, title),
    about && h("p", { class: "muted" }, about),
    parts,
    ctx.canAct && h("div", { class: "actions" }, save),
    state,
    stage,
  );
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (save.getAttribute("aria-disabled") === "true") return;
    const change = read();
    if (change === null) return showWrong();
    save.setAttribute("aria-disabled", "true");
    await ctx.attempt(state, async () => {
      state.replaceChildren(h("p", { class: "muted" }, t("settings.saving")));
      const isSaved = await send(change).finally(() => stage.replaceChildren());
      state.replaceChildren(...(isSaved ? [note("good", h("p", {}, t("settings.saved")))] : []));
      if (isSaved) ctx.soon();
    });
    save.setAttribute("aria-disabled", "false");
  });

  function showWrong() {
    const first = form.querySelector("[aria-invalid]");
    first?.closest("details")?.setAttribute("open", "");
    first?.focus();
  }

  async function send(change) {
    try {
      await ctx.api.patch("/integration/settings", change);
      return true;
    } catch (problem) {
      if (problem.code !== "preview-needed" || !preview) throw problem;
    }
    state.replaceChildren();
    const runId = await preview(change, stage);
    if (!runId) return false;
    await ctx.api.patch("/integration/settings", { ...change, preview: runId });
    return true;
  }

  return form;
}
