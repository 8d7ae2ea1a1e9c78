// Tabs, as the ARIA practices have them: one stop for Tab, arrows between them.

import { h, newId } from "./elements.js";

/** Make them of `{name, label, root, show?}`; `show` is called when a tab is chosen. */
export function makeTabs(label, tabs) {
  const parts = tabs.map((tab) => {
    const ids = { tab: newId("tab"), panel: newId("panel") };
    const panel = h("div", { role: "tabpanel", id: ids.panel, "aria-labelledby": ids.tab, tabindex: 0, hidden: true }, tab.root);
    const handle = h("button", { type: "button", role: "tab", id: ids.tab, "aria-controls": ids.panel, onclick: () => choose(tab.name) }, tab.label);
    return { ...tab, panel, handle };
  });
  const list = h("div", { role: "tablist", "aria-label": label }, parts.map(({ handle }) => handle));
  const root = h("div", { class: "stack" }, list, parts.map(({ panel }) => panel));
  const STEPS = { ArrowRight: 1, ArrowLeft: -1 };
  list.addEventListener("keydown", ({ key }) => {
    const now = parts.findIndex(({ handle }) => handle.tabIndex === 0);
    const next = { Home: 0, End: parts.length - 1 }[key] ?? (key in STEPS ? (now + STEPS[key] + parts.length) % parts.length : -1);
    if (next < 0) return;
    choose(parts[next].name);
    parts[next].handle.focus();
  });

  function choose(name) {
    for (const part of parts) {
      const isChosen = part.name === name;
      part.handle.setAttribute("aria-selected", String(isChosen));
      part.handle.tabIndex = isChosen ? 0 : -1;
      part.panel.hidden = !isChosen;
      if (isChosen) part.show?.();
    }
  }

  choose(tabs[0].name);
  return { root, choose };
}
