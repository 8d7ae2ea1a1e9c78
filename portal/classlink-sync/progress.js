// A run while it goes on: its phase, and how much of each collection has come.

import { h } from "./elements.js";

const PHASES = ["planning", "fetching", "comparing", "publishing"];
/** In the order in which an admin thinks of them. */
export const COLLECTIONS = ["orgs", "academicSessions", "courses", "classes", "teachers", "students", "enrollments"];

/** Make it; `show({run, phase, progress})` brings it up to date in place. */
export function makeProgress(ctx) {
  const { t, format } = ctx;
  const phases = new Map(PHASES.map((phase) => [phase, h("li", {}, t(`phase.${phase}`))]));
  const bars = new Map(
    COLLECTIONS.map((name) => {
      const label = t(`collection.${name}`);
      const bar = h("progress", { "aria-label": label, max: 1, value: 0 });
      const rows = h("span", { class: "rows" });
      return [name, { bar, rows, root: h("div", {}, h("span", {}, label), bar, rows) }];
    }),
  );
  const root = h(
    "div",
    { class: "stack" },
    h("ol", { class: "phases" }, [...phases.values()]),
    h("div", { class: "progress" }, [...bars.values()].map(({ root: line }) => line)),
  );

  function show({ phase, progress }) {
    const now = PHASES.indexOf(phase);
    for (const [index, item] of [...phases.values()].entries()) {
      item.classList.toggle("done", index < now || phase === "ended");
      if (index === now) item.setAttribute("aria-current", "step");
      else item.removeAttribute("aria-current");
    }
    for (const [name, { bar, rows }] of bars) {
      const { rows: come = 0, total = null } = progress[name] ?? {};
      const isAll = now > PHASES.indexOf("fetching");
      if (isAll) bar.value = 1;
      else if (total !== null) bar.value = total ? Math.min(1, come / total) : 1;
      else if (come) bar.removeAttribute("value");
      else bar.value = 0;
      rows.textContent =
        total === null
          ? come > 0 ? t("progress.rows", { count: come }) : ""
          : t("progress.of", { rows: format.number(Math.min(come, total)), total: format.number(total) });
    }
  }

  return { root, show };
}
