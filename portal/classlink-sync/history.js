// The last runs, and one of them in full: who and why, what came, what changed, what was set aside.

import { button, details, facts, h, table, tally } from "./elements.js";
import { makeIssues } from "./issues.js";
import { COLLECTIONS } from "./progress.js";
import { makeReadiness } from "./readiness.js";
import { changesTable, changesText, failure, outcomeBadge, startedBy, troubles } from "./run_words.js";

const COLLECTION_COUNTS = ["announced", "received", "kept", "setAside", "duplicates"];

/** Make it. `show({runs})` lists them, latest first; `open(runId)` shows one. */
export function makeHistory(ctx) {
  const { t, format } = ctx;
  const root = h("div", { class: "panel" });
  let runs = [];
  let opened = "";
  let shown = "";

  function show(found) {
    runs = found.runs;
    if (!opened) showList();
  }

  function showList() {
    const text = JSON.stringify(runs);
    if (shown === text) return;
    shown = text;
    root.replaceChildren(
      runs.length
        ? table(
            t("history.title"),
            [
              { label: t("history.when") },
              { label: t("history.outcome") },
              { label: t("history.mode") },
              { label: t("history.who") },
              { label: t("history.changes") },
            ],
            runs.map(cells),
          )
        : h("p", {}, t("history.none")),
    );
  }

  function cells(run) {
    const when = format.moment(run.startedAt);
    return [
      button(when, () => open(run.runId), { kind: "inline", "aria-label": t("history.openOf", { when }) }),
      outcomeBadge(ctx, run),
      t.of("mode", run.mode),
      startedBy(ctx, run),
      run.outcome === "failed" ? failure(ctx, run) : changesText(ctx, run),
    ];
  }

  async function open(runId) {
    opened = runId;
    shown = "";
    const title = h("h3", { tabindex: -1 }, t("run.title", { when: "" }));
    const body = h("div", { class: "stack" }, h("p", { class: "muted" }, t("loading")));
    root.replaceChildren(h("div", {}, button(t("run.back"), back, { kind: "plain" })), title, body);
    title.focus();
    await ctx.attempt(body, async () => {
      const { run } = await ctx.api.get(`/runs/${encodeURIComponent(runId)}`);
      if (opened !== runId) return;
      title.textContent = t("run.title", { when: format.moment(run.startedAt) });
      body.replaceChildren(...runInFull(ctx, run));
    });
  }

  function back() {
    opened = "";
    showList();
    root.querySelector("button")?.focus();
  }

  return { root, show, open };
}

function runInFull(ctx, run) {
  const { t, format } = ctx;
  const counts = (number) => (number === null || number === undefined ? t("run.notAnnounced") : format.number(number));
  const { collections, statistics, withoutGroups, notes } = run;
  return [
    ...troubles(ctx, run),
    facts([
      [t("history.outcome"), outcomeBadge(ctx, run)],
      [t("history.mode"), t.of("mode", run.mode)],
      [t("history.who"), startedBy(ctx, run)],
      [t("run.took"), run.finishedAt ? format.duration(run.finishedAt - run.startedAt) : t("outcome.running")],
      ...Object.entries(statistics).map(([name, count]) => [t.of("statistic", name), format.number(count)]),
    ]),
    run.readiness && makeReadiness(ctx, run),
    Object.keys(collections).length > 0 &&
      table(
        t("run.collections"),
        [{ label: t("run.collection") }, ...COLLECTION_COUNTS.map((name) => ({ label: t(`run.${name}`), number: true }))],
        COLLECTIONS.filter((name) => name in collections).map((name) => [
          t(`collection.${name}`),
          ...COLLECTION_COUNTS.map((count) => counts(collections[name][count])),
        ]),
      ),
    changesTable(ctx, run),
    counted(ctx, t("run.withoutGroups"), "reason", withoutGroups),
    counted(ctx, t("run.notes"), "noted", notes),
    run.finishedAt > 0 && details(t("issues.title"), makeIssues(ctx, run.runId), { open: true }),
  ].filter(Boolean);
}

function counted(ctx, title, group, counts) {
  const some = Object.entries(counts).filter(([, count]) => count > 0);
  return (
    some.length > 0 &&
    h(
      "section",
      { class: "close" },
      h("h4", {}, title),
      tally(some.map(([name, count]) => [ctx.t.of(group, name), ctx.format.number(count)])),
    )
  );
}
