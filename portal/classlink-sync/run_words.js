// What is said of a run, wherever one shows.

import { badge, h, list, note, table } from "./elements.js";
import { sentence, sum } from "./format.js";

const TONES = { published: "good", unchanged: "good", previewed: "calm", held: "warn", failed: "bad", "": "busy" };

/** How a run ended, or that it goes on. */
export function outcomeBadge(ctx, run) {
  return badge(ctx.t(`outcome.${run.outcome || "running"}`), TONES[run.outcome] ?? "calm");
}

/** Who started it and why: "nightly", "by the portal (somebody)". */
export function startedBy(ctx, run) {
  const cause = ctx.t.of("cause", run.cause);
  return run.actor ? ctx.t("cause.who", { cause, who: run.actor }) : cause;
}

/** What it changed, as `{added, changed, removed}` over all kinds of records. */
export function changesOf(run) {
  return Object.fromEntries(["added", "changed", "removed"].map((kind) => [kind, sum(run.changes[kind] ?? {})]));
}

/** The same as a sentence. */
export function changesText(ctx, run) {
  const { added, changed, removed } = changesOf(run);
  if (added + changed + removed === 0) return ctx.t("changes.none");
  return ctx.t("changes.some", {
    added: ctx.format.number(added),
    changed: ctx.format.number(changed),
    removed: ctx.format.number(removed),
  });
}

/** Why a run failed, in the words of whoever translates or in ours. */
export function failure(ctx, run) {
  return sentence(ctx.t.of("error", run.error, run.reason));
}

/** What an admin should know of it first: why it failed, its warnings; notes, or nothing. */
export function troubles(ctx, run) {
  return [
    run.outcome === "failed" && note("bad", [h("p", {}, failure(ctx, run)), h("p", {}, ctx.t("last.kept"))]),
    run.warnings.length > 0 && note("warn", list(run.warnings)),
  ];
}

/** What it changed by kind of record, as a table; false when that is nothing. */
export function changesTable(ctx, run) {
  const { t, format } = ctx;
  const hows = ["added", "changed", "removed"];
  const kinds = [...new Set(hows.flatMap((how) => Object.keys(run.changes[how] ?? {})))].filter((kind) => hows.some((how) => run.changes[how]?.[kind]));
  return (
    kinds.length > 0 &&
    table(
      t(run.mode === "preview" ? "run.wouldChange" : "run.changes"),
      [{ label: t("run.kind") }, ...hows.map((how) => ({ label: t(`chart.${how}`), number: true }))],
      kinds.map((kind) => [t.of("kind", kind), ...hows.map((how) => format.number(run.changes[how]?.[kind] ?? 0))]),
    )
  );
}
