// A preview before a change that may take groups away: what would go, and whether that is meant.

import { button, h, note, table } from "./elements.js";
import { makeProgress } from "./progress.js";

const KINDS = ["groups", "classes", "people"];

/** Preview under what is given, show what would go, and resolve to the preview's id or "". */
export async function previewFirst(ctx, given, place) {
  const { t, format } = ctx;
  const { runId, already } = await ctx.api.post("/runs", { mode: "preview", ...given });
  if (already) {
    place.replaceChildren(note("warn", h("p", {}, t("choices.busy"))));
    await answered(ctx, place, [[t("close"), ""]]);
    return "";
  }
  const progress = makeProgress(ctx);
  place.replaceChildren(h("p", {}, t("choices.previewing")), progress.root);
  const { run } = await ctx.watch(runId, progress.show);
  if (run.outcome !== "previewed") {
    place.replaceChildren(note("bad", h("p", {}, t("choices.previewFailed", { reason: run.reason }))));
    await answered(ctx, place, [[t("close"), ""]]);
    return "";
  }
  const { added = {}, removed = {} } = run.changes;
  const going = removed.groups ?? 0;
  place.replaceChildren(
    note(going ? "warn" : "good", h("p", {}, t("choices.would", { count: going }))),
    table(
      t("choices.wouldTable"),
      [{ label: t("run.kind") }, { label: t("chart.added"), number: true }, { label: t("chart.removed"), number: true }],
      KINDS.map((kind) => [t.of("kind", kind), format.number(added[kind] ?? 0), format.number(removed[kind] ?? 0)]),
    ),
  );
  return answered(ctx, place, [
    [t("choices.saveThese"), runId, "primary"],
    [t("cancel"), "", "plain"],
  ]);
}

function answered(ctx, place, actions) {
  return new Promise((resolve) => {
    const buttons = actions.map(([label, value, kind]) => button(label, () => resolve(value), { kind }));
    place.append(h("div", { class: "actions" }, buttons));
    buttons[0].focus();
  });
}
