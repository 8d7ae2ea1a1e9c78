// A long list, a page at a time.

import { button, h } from "./elements.js";

/**
 * Make the buttons under a list. `turn(offset)` is called with where the next page begins; `show(offset,
 * shown, total)` says where we are.
 */
export function makePages(ctx, size, turn) {
  let offset = 0;
  const where = h("span", { class: "muted", role: "status" });
  const before = button(ctx.t("pages.before"), () => turnTo(offset - size), { kind: "small" });
  const after = button(ctx.t("pages.after"), () => turnTo(offset + size), { kind: "small" });
  const root = h("nav", { class: "row", "aria-label": ctx.t("pages.label") }, before, after, where);

  function turnTo(next) {
    turn(Math.max(0, next));
  }

  function show(from, shown, total) {
    offset = from;
    before.hidden = from === 0;
    after.hidden = from + shown >= total;
    where.textContent = total
      ? ctx.t("pages.where", { from: ctx.format.number(from + 1), to: ctx.format.number(from + shown), total: ctx.format.number(total) })
      : "";
  }

  return { root, show };
}
