// When it syncs by itself.

import { button, check, field, h, newId, select } from "./elements.js";
import { makeSaving } from "./saving.js";

/** Make the form of hour, zone and pauses. */
export function makeNightly(ctx, settings) {
  const { t } = ctx;
  const hours = Array.from({ length: 24 }, (_, hour) => [String(hour), `${String(hour).padStart(2, "0")}:00`]);
  const zones = [...new Set([settings.timeZone, ...Intl.supportedValuesOf("timeZone")])].sort();
  const hour = field(t("nightly.hour"), select(hours, String(settings.nightlyHour)), { hint: t("nightly.hourHint") });
  const zone = field(t("nightly.zone"), select(zones.map((name) => [name, name.replaceAll("_", " ")]), settings.timeZone));
  const paused = check(t("nightly.paused"), settings.paused, { hint: t("nightly.pausedHint") });
  const windows = makeWindows(ctx, settings.pauseWindows);
  return makeSaving(ctx, {
    title: t("nightly.title"),
    parts: [h("div", { class: "pair" }, hour.root, zone.root), paused.root, windows.root],
    read() {
      const pauseWindows = windows.read();
      return pauseWindows && { nightlyHour: Number(hour.control.value), timeZone: zone.control.value, paused: paused.control.checked, pauseWindows };
    },
  });
}

const MOST_WINDOWS = 20;

/** Times of the year without nightly syncs: from the first day to the last, both included. */
function makeWindows(ctx, present) {
  const { t } = ctx;
  const lines = new Set();
  const list = h("div", { class: "close" });
  const wrong = h("p", { class: "wrong", role: "alert" });
  const more = button(t("windows.add"), () => add({ firstDay: "", lastDay: "" }).focus(), { kind: "small" });
  const root = h("fieldset", {}, h("legend", {}, t("windows.title")), h("p", { class: "hint" }, t("windows.hint")), list, wrong, h("div", { class: "actions" }, more));

  function add({ firstDay, lastDay }) {
    const first = day(t("windows.first"), firstDay);
    const last = day(t("windows.last"), lastDay);
    const line = { first: first.control, last: last.control };
    const remove = button(t("windows.remove"), () => (lines.delete(line), line.root.remove(), limit(), more.focus()), { kind: "small plain" });
    line.root = h("div", { class: "row" }, first.root, last.root, remove);
    lines.add(line);
    list.append(line.root);
    limit();
    return first.control;
  }

  function limit() {
    more.hidden = lines.size >= MOST_WINDOWS;
  }

  function read() {
    const found = [...lines].map(({ first, last }) => ({ firstDay: first.value, lastDay: last.value }));
    const isRight = found.every(({ firstDay, lastDay }) => firstDay && lastDay && firstDay <= lastDay);
    wrong.textContent = isRight ? "" : t("windows.wrong");
    return isRight ? found : null;
  }

  for (const one of present) add(one);
  return { root, read };
}

function day(label, value) {
  const id = newId("day");
  const control = h("input", { type: "date", id, class: "short", value });
  return { control, root: h("div", { class: "field" }, h("label", { for: id }, label), control) };
}
