// What an admin sees first: what ClassLink holds, what came of it, the sync that goes on or the last one.

import { button, details, facts, h, note, tally } from "./elements.js";
import { makeChart } from "./chart.js";
import { ownTimeZone, sentence, sum } from "./format.js";
import { makeProgress } from "./progress.js";
import { makeReadiness } from "./readiness.js";
import { changesTable, changesText, outcomeBadge, startedBy, troubles } from "./run_words.js";

/**
 * Make it. `show({screen, running, runs})` brings it up to date: the status screen, the run that goes on
 * with its progress or null, and the last runs, latest first.
 */
export function makeOverview(ctx, { onTeachers, onRun, onSync }) {
  const { t, format } = ctx;
  const progress = makeProgress(ctx);
  const now = h("section", { class: "panel now", "aria-label": t("now.label") });
  const cards = h("div", { class: "cards" });
  const chart = h("section", { class: "panel" });
  const server = h("section", { class: "panel" });
  const root = h(
    "div",
    { class: "stack" },
    cards,
    h("div", { class: "columns" }, now, h("div", { class: "stack" }, chart, server)),
  );
  const parts = new Map();

  /** Replace what a part holds when what it shows is something else, and only then: focus stays. */
  function put(part, shown, make) {
    const text = JSON.stringify(shown);
    if (parts.get(part) === text) return;
    parts.set(part, text);
    part.replaceChildren(...make(shown).flat(Infinity).filter(Boolean));
  }

  function show({ screen, running, runs }) {
    put(cards, [screen.syncedAt, screen.statistics, screen.people, screen.withoutGroups, screen.withGroups], () => cardsOf(screen));
    put(now, [running?.run.runId, runs[0], screen.status, screen.pausedUntil], () => (running ? goingOn(running) : last(runs[0], screen)));
    if (running) progress.show(running);
    put(chart, runs, (shown) => [h("h3", {}, t("chart.title")), makeChart(ctx, shown)]);
    put(server, [screen.connection, screen.syncedAt, screen.changedAt], () => serverOf(screen));
  }

  function cardsOf({ syncedAt, statistics, people, withoutGroups, withGroups }) {
    // Before the first sync nothing is known, which is not the same as none.
    const written = (number) => (syncedAt ? format.number(number ?? 0) : "–");
    const waiting = people.waiting ?? 0;
    const without = sum(withoutGroups);
    return [
      card(t("collection.teachers"), statistics.teachers, [
        [t("card.teaching"), people.teaching],
        [t("card.inSenso"), people.inSenso],
        [
          t("card.waiting"),
          waiting ? button(format.number(waiting), onTeachers, { kind: "inline", "aria-label": t("card.toImport", { count: waiting }) }) : waiting,
        ],
      ]),
      card(t("collection.students"), statistics.students, [[t("card.memberships"), statistics.memberships]]),
      card(
        t("collection.classes"),
        statistics.classes,
        [
          [t("card.withGroups"), withGroups],
          [t("card.withoutGroups"), without],
          [t("card.groups"), statistics.groups],
        ],
        without > 0 &&
          details(
            t("card.why"),
            tally(Object.entries(withoutGroups).map(([reason, count]) => [t.of("reason", reason), format.number(count)])),
          ),
      ),
    ];

    function card(title, figure, lines, more = false) {
      return h(
        "section",
        { class: "panel card", "aria-label": title },
        h("h3", {}, title),
        h("p", {}, h("span", { class: "figure" }, written(figure)), " ", h("span", { class: "muted" }, t("card.discovered"))),
        h(
          "dl",
          {},
          lines.map(([term, what]) => h("div", {}, h("dt", {}, term), h("dd", {}, what instanceof Node ? what : written(what)))),
        ),
        more,
      );
    }
  }

  function goingOn({ run }) {
    return [
      h("div", { class: "row apart" }, h("h3", {}, t(`now.${run.mode || "changes"}`)), outcomeBadge(ctx, run)),
      h("p", { class: "muted" }, t("now.since", { when: format.moment(run.startedAt), who: startedBy(ctx, run) })),
      progress.root,
    ];
  }

  function last(run, screen) {
    if (!run) {
      return [h("h3", {}, t("last.never")), h("p", {}, t("last.begin")), ctx.canAct && button(t("sync.changes"), () => onSync("changes"), { kind: "primary" })];
    }
    return [
      h("div", { class: "row apart" }, h("h3", {}, t(run.mode === "preview" ? "last.preview" : "last.title")), outcomeBadge(ctx, run)),
      h("p", { class: "muted" }, t("last.when", { when: format.moment(run.finishedAt), who: startedBy(ctx, run), long: format.duration(run.finishedAt - run.startedAt) })),
      run.outcome === "held" && note("warn", h("p", {}, sentence(run.reason))),
      troubles(ctx, run),
      run.outcome !== "failed" && h("p", {}, t(run.mode === "preview" ? "last.would" : "last.did", { changes: changesText(ctx, run) })),
      run.mode !== "preview" && run.outcome !== "failed" && h("p", {}, delivered(run)),
      run.readiness && makeReadiness(ctx, run),
      changesTable(ctx, run),
      h(
        "div",
        { class: "actions" },
        run.mode === "preview" && run.outcome === "previewed" && ctx.canAct && button(t("last.syncNow"), () => onSync("changes"), { kind: "primary" }),
        button(t("last.more"), () => onRun(run.runId)),
      ),
      screen.status === "paused" && note("calm", h("p", {}, screen.pausedUntil ? t("last.pausedUntil", { day: format.day(screen.pausedUntil) }) : t("last.paused"))),
    ];
  }

  function delivered({ delivery }) {
    const { groups = 0, removals = 0, waiting = 0 } = delivery;
    return [
      t("last.sent", { count: groups }),
      removals > 0 && ` ${t("last.removed", { count: removals })}`,
      waiting > 0 && ` ${t("last.waiting", { count: waiting })}`,
    ];
  }

  function serverOf({ connection, syncedAt, changedAt }) {
    return [
      h("h3", {}, t("server.title")),
      facts([
        [t("server.next"), nextNight(connection)],
        [t("server.synced"), format.moment(syncedAt)],
        [t("server.changed"), format.moment(changedAt)],
        [t("server.address"), connection.serverUrl],
        [t("server.clientId"), connection.clientId],
      ]),
    ];
  }

  function nextNight({ nextNight: at, nightlyHour, timeZone }) {
    if (!at) return t("server.noNight");
    const text = format.moment(Date.parse(at));
    const hour = `${String(nightlyHour).padStart(2, "0")}:00`;
    return timeZone === ownTimeZone() ? text : t("server.elsewhere", { when: text, hour, zone: timeZone });
  }

  return { root, show };
}
