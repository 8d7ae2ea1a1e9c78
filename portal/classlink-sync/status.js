// The screen of a connected tenant: the header with its buttons, and what is under it in tabs.

import { ask, badge, button, h, note } from "./elements.js";
import { makeFind } from "./find.js";
import { makeHeld } from "./held.js";
import { makeHistory } from "./history.js";
import { makeOverview } from "./overview.js";
import { makeSettings } from "./settings.js";
import { makeTabs } from "./tabs.js";
import { makeTeachers } from "./teachers.js";

const TONES = {
  connected: "good",
  syncing: "busy",
  paused: "calm",
  held: "warn",
  "credentials rejected": "bad",
  disconnecting: "busy",
};

/** Make it for the screen that came first; `show({screen, running, runs})` brings it up to date. */
export function makeStatus(ctx, first, { onReplace, onSync, onWatch }) {
  const { t } = ctx;
  const title = h("h2", { tabindex: -1 }, first.connection.districtName || t("status.title"));
  const state = h("span", {});
  const alert = h("div", { class: "stack" });
  const heldPlace = h("div", { class: "stack" });
  const starts = ["preview", "full", "changes"].map((mode) =>
    button(t(`sync.${mode}`), () => start(mode), { kind: mode === "changes" ? "primary" : "", "data-mode": mode }),
  );
  const overview = makeOverview(ctx, {
    onTeachers: () => tabs.choose("teachers"),
    onRun: (runId) => (tabs.choose("history"), history.open(runId)),
    onSync: start,
  });
  const history = makeHistory(ctx);
  const teachers = makeTeachers(ctx);
  const find = makeFind(ctx);
  const settings = makeSettings(ctx, { connection: first.connection, onReplace, onLeft: ctx.soon });
  const tabs = makeTabs(t("tabs.label"), [
    { name: "overview", label: t("tabs.overview"), root: overview.root },
    { name: "history", label: t("tabs.history"), root: history.root },
    { name: "teachers", label: t("tabs.teachers"), root: teachers.root, show: teachers.show },
    { name: "find", label: t("tabs.find"), root: find.root },
    { name: "settings", label: t("tabs.settings"), root: settings.root, show: settings.show },
  ]);
  const root = h(
    "div",
    { class: "stack" },
    h("header", { class: "row apart" }, h("div", { class: "row" }, title, state), ctx.canAct && h("div", { class: "actions" }, starts)),
    alert,
    heldPlace,
    tabs.root,
  );
  let shownStatus = "";
  let shownHeld = "";
  let held = null;
  let shownRun = first.lastRun?.runId;

  async function start(mode) {
    if (starts[0].getAttribute("aria-disabled") === "true") return;
    if (mode === "full" && !(await isFullMeant())) return;
    tabs.choose("overview");
    await onSync(mode);
  }

  function isFullMeant() {
    return ask(ctx.place, {
      title: t("full.title"),
      body: [h("p", {}, t("full.about"))],
      actions: [
        [t("full.yes"), true, "primary"],
        [t("cancel"), false, "plain"],
      ],
    });
  }

  function show(found) {
    const { screen, running } = found;
    for (const one of starts) one.setAttribute("aria-disabled", String(running !== null || screen.status === "disconnecting"));
    if (screen.status !== shownStatus) {
      shownStatus = screen.status;
      state.replaceChildren(badge(t(`status.${screen.status}`), TONES[screen.status]));
      alert.replaceChildren(...alertOf(screen));
    }
    if (screen.held !== shownHeld) {
      shownHeld = screen.held;
      held = screen.held ? makeHeld(ctx, screen.held, { onStarted: onWatch, onDiscarded: () => ctx.soon().then(() => title.focus()) }) : null;
      heldPlace.replaceChildren(...(held ? [held.root] : []));
    }
    held?.show(running);
    overview.show(found);
    history.show(found);
    if (screen.lastRun?.runId !== shownRun) {
      shownRun = screen.lastRun?.runId;
      if (!teachers.root.closest("[hidden]")) teachers.show();
    }
  }

  function alertOf({ status, switchingTo }) {
    if (status === "credentials rejected") {
      return [note("bad", [h("p", {}, t("rejected.about")), ctx.canAct && button(t("rejected.enter"), () => onReplace(t("rejected.reason")), { kind: "primary" })].filter(Boolean), { urgent: true })];
    }
    if (status !== "disconnecting") return [];
    const text = switchingTo ? t("disconnecting.switching", { district: switchingTo.districtName }) : t("disconnecting.about");
    return [note("busy", h("p", {}, text))];
  }

  return { root, show, focus: () => title.focus() };
}
