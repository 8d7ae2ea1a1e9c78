// What a sync would take away, and did not: seen first, then approved or discarded.

import { ask, button, details, h, note, table } from "./elements.js";
import { sentence } from "./format.js";

const KINDS = ["teachers", "students", "classes", "groups", "memberships", "owners"];

/** Make the panel of a run's held list; it reads the list by itself. `onStarted(runId)` hears of an approval. */
export function makeHeld(ctx, runId, { onStarted, onDiscarded }) {
  const { t, format } = ctx;
  const path = `/runs/${encodeURIComponent(runId)}`;
  const body = h("div", { class: "stack" }, h("p", { class: "muted" }, t("loading")));
  const state = h("div", { role: "status" });
  read();

  async function read() {
    await ctx.attempt(body, async () => {
      const list = await ctx.api.get(`${path}/held`);
      body.replaceChildren(...shown(list).filter(Boolean));
    });
  }

  function shown(list) {
    return [
      h("p", {}, t(list.stopped ? "held.stopped" : "held.about")),
      list.stopped && note("warn", h("p", {}, sentence(t.of("stopped", list.stopped)))),
      list.studentsStillSeen > 0 && note("warn", h("p", {}, t("held.stillSeen", { count: list.studentsStillSeen }))),
      counts(t("held.kinds"), list.kinds),
      list.schools.length > 0 && details(t("held.schools", { count: list.schools.length }), list.schools.map(({ name, kinds }) => counts(name || t("held.noSchool"), kinds))),
      list.largestGroups.length > 0 && details(t("held.groups"), groups(list.largestGroups)),
      h("p", { class: "muted" }, t("held.kept", { when: format.moment(list.expiresAt) })),
      ctx.canAct &&
        h("div", { class: "actions" }, button(t("held.approve"), approve, { kind: "danger" }), button(t("held.discard"), discard)),
      state,
    ];
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
    const isMeant = await ask(ctx.place, {
      title: t("held.approveTitle"),
      body: [h("p", {}, t("held.approveAbout"))],
      actions: [
        [t("held.approve"), true, "danger"],
        [t("cancel"), false, "plain"],
      ],
    });
    if (!isMeant) return;
    await ctx.attempt(state, async () => {
      const { runId: started } = await ctx.api.post(`${path}/approve`);
      await onStarted(started);
    });
  }

  async function discard() {
    await ctx.attempt(state, async () => {
      await ctx.api.post(`${path}/discard`);
      ctx.say(t("held.discarded"));
      await onDiscarded();
    });
  }

  return h("section", { class: "panel", "aria-label": t("held.title") }, h("h3", {}, t("held.title")), body);
}
