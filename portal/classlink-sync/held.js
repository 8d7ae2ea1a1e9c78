// What a sync would take away, and did not: seen first, then approved or discarded.

import { ask, button, details, h, list, note, table } from "./elements.js";
import { sentence } from "./format.js";

const KINDS = ["teachers", "students", "classes", "groups", "memberships", "owners"];

/**
 * Make the panel of a run's held list; it reads the list by itself. `onStarted(runId)` hears of an approval.
 * `show(running)` brings it up to date: the run that goes on, or null.
 */
export function makeHeld(ctx, runId, { onStarted, onDiscarded }) {
  const { t, format } = ctx;
  const path = `/runs/${encodeURIComponent(runId)}`;
  const body = h("div", { class: "stack" }, h("p", { class: "muted" }, t("loading")));
  const state = h("div", { role: "status" });
  const buttons = [button(t("held.approve"), approve, { kind: "danger" }), button(t("held.discard"), discard)];
  let shown = null;
  let approvedIn = "";
  let isDeciding = false;
  let isGoingOn = false;
  read();

  async function read() {
    await ctx.attempt(body, async () => {
      shown = await ctx.api.get(`${path}/held`);
      body.replaceChildren(...partsOf(shown).filter(Boolean));
    });
  }

  function partsOf(held) {
    const when = format.moment(held.heldAt);
    const causes = causesOf(held);
    const schools = held.schools.filter(({ kinds }) => hasLost(kinds));
    return [
      h("p", {}, t(held.stopped ? "held.stopped" : "held.about", { when })),
      held.stopped && note("warn", h("p", {}, sentence(t.of("stopped", held.stopped)))),
      causes.length > 0 && h("div", {}, h("h4", {}, t("held.causes")), list(causes)),
      held.studentsStillSeen > 0 && note("warn", h("p", {}, t("held.stillSeen", { count: held.studentsStillSeen, when }))),
      hasLost(held.kinds) ? counts(t("held.kinds"), held.kinds) : h("p", {}, t("held.noKinds")),
      schools.length > 0 && details(t("held.schools", { count: schools.length }), schools.map(({ name, kinds }) => counts(name || t("held.noSchool"), kinds))),
      held.largestGroups.length > 0 && details(t("held.groups"), groups(held.largestGroups)),
      h("p", { class: "muted" }, t("held.asOf", { when })),
      h("p", { class: "muted" }, t("held.kept", { when: format.moment(held.expiresAt) })),
      ctx.canAct && h("div", { class: "actions" }, buttons),
      state,
    ];
  }

  /** What was too much, in words. A kind and the collection of its name may say the same: once is enough. */
  function causesOf({ causes }) {
    const texts = causes.map(({ kind, school, name, lost, of }) => {
      const what = t(`cause.${lost < of ? "some" : "all"}.${kind}`, { lost, count: of });
      return school ? t("cause.school", { school: name || school, what }) : what;
    });
    return [...new Set(texts)];
  }

  function hasLost(kinds) {
    return KINDS.some((kind) => kinds[kind]?.lost > 0);
  }

  function counts(caption, kinds) {
    return table(
      caption,
      [{ label: t("run.kind") }, { label: t("held.lost"), number: true }, { label: t("held.of"), number: true }, { label: t("held.share"), number: true }],
      KINDS.filter((kind) => kinds[kind]?.lost > 0).map((kind) => {
        const { lost, of } = kinds[kind];
        return [t(`lost.${kind}`), format.number(lost), format.number(of), format.share(lost, of)];
      }),
    );
  }

  function groups(largest) {
    return table(
      t("held.groups"),
      [{ label: t("held.group") }, { label: t("find.school") }, { label: t("held.what") }],
      largest.map(({ name, school, gone, lost, of }) => [
        name,
        school,
        gone ? t("held.gone", { count: of }) : t("held.fewer", { lost: format.number(lost), of: format.number(of) }),
      ]),
      { hideCaption: true },
    );
  }

  async function approve() {
    const causes = causesOf(shown);
    await decide({
      title: t("held.approveTitle"),
      body: [causes.length > 0 && list(causes), h("p", {}, t(shown.stopped ? "held.approveStopped" : "held.approveAbout"))],
      action: [t("held.approve"), true, "danger"],
      async then() {
        const { runId: started } = await ctx.api.post(`${path}/approve`);
        approvedIn = started;
        await onStarted(started);
      },
    });
  }

  async function discard() {
    await decide({
      title: t("held.discardTitle"),
      body: [h("p", {}, t("held.discardAbout"))],
      action: [t("held.discard"), true, "primary"],
      async then() {
        await ctx.api.post(`${path}/discard`);
        ctx.say(t("held.discarded"));
        await onDiscarded();
      },
    });
  }

  async function decide({ title, body: about, action, then }) {
    if (isDeciding || isGoingOn) return;
    if (!(await ask(ctx.place, { title, body: about, actions: [action, [t("cancel"), false, "plain"]] }))) return;
    isDeciding = true;
    showWhetherOff();
    await ctx.attempt(state, then).finally(() => {
      isDeciding = false;
      showWhetherOff();
    });
  }

  /** Off while the sync of an approval goes on, this page's or another's: there is nothing to decide until it ends. */
  function show(running) {
    const was = isGoingOn;
    isGoingOn = running !== null && (running.run.permits === runId || running.run.runId === approvedIn);
    if (isGoingOn !== was) state.replaceChildren(...(isGoingOn ? [h("p", {}, t("held.goingOn"))] : []));
    showWhetherOff();
  }

  function showWhetherOff() {
    for (const one of buttons) one.setAttribute("aria-disabled", String(isDeciding || isGoingOn));
  }

  return { root: h("section", { class: "panel", "aria-label": t("held.title") }, h("h3", {}, t("held.title")), body), show };
}
