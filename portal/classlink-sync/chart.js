// What the last runs changed, a bar each, the latest at the right. The history says the same in words.

import { h, svg } from "./elements.js";
import { changesOf } from "./run_words.js";

const SHOWN = 30;
const HEIGHT = 100;
const STEP = 12;
const BAR = 8;
const LEAST = 3;

/** Make the chart of these runs, latest first; previews changed nothing and are left out. */
export function makeChart(ctx, runs) {
  const shown = runs
    .filter((run) => run.outcome && run.outcome !== "previewed")
    .slice(0, SHOWN)
    .reverse();
  const totals = shown.map((run) => Object.values(changesOf(run)).reduce((total, count) => total + count, 0));
  // A first sync adds everything; by roots the nights after it can still be seen.
  const scale = (HEIGHT - LEAST) / Math.sqrt(Math.max(1, ...totals));
  const bars = shown.map((run, index) => bar(ctx, run, (SHOWN - shown.length + index) * STEP, totals[index], scale));
  const failed = shown.filter((run) => run.outcome === "failed").length;
  return h(
    "figure",
    { class: "close", style: null },
    svg(
      "svg",
      {
        class: "chart",
        viewBox: `0 0 ${SHOWN * STEP} ${HEIGHT + 2}`,
        preserveAspectRatio: "none",
        role: "img",
        "aria-label": ctx.t("chart.label", { count: shown.length, failed: ctx.format.number(failed) }),
      },
      bars,
      svg("line", { class: "base", x1: 0, x2: SHOWN * STEP, y1: HEIGHT + 1, y2: HEIGHT + 1 }),
    ),
    h(
      "ul",
      { class: "legend" },
      ["added", "changed", "removed", "failed"].map((kind) =>
        h("li", { class: kind }, h("span", {}, ctx.t(`chart.${kind}`))),
      ),
    ),
  );
}

function bar(ctx, run, x, total, scale) {
  const title = svg("title", {}, `${ctx.format.moment(run.startedAt)}: ${ctx.t(`outcome.${run.outcome}`)}`);
  const block = (kind, y, height) => svg("rect", { class: kind, x, y, width: BAR, height });
  if (run.outcome === "failed") return svg("g", {}, title, block("failed", HEIGHT - LEAST * 4, LEAST * 4));
  const full = total ? Math.sqrt(total) * scale + LEAST : 0;
  let top = HEIGHT;
  const blocks = Object.entries(changesOf(run))
    .filter(([, count]) => count > 0)
    .map(([kind, count]) => {
      const height = (count / total) * full;
      top -= height;
      return block(kind, top, height);
    });
  return svg("g", {}, title, blocks.length ? blocks : block("added", HEIGHT - 1, 1));
}
