// What a run set aside, or took and would like somebody to look at: filtered, paged, downloaded.

import { button, h, select, table } from "./elements.js";
import { makePages } from "./pages.js";

const PAGE = 25;

/** Make the list of a run's issues; it reads its first page by itself. */
export function makeIssues(ctx, runId) {
  const { t, format } = ctx;
  const path = `/runs/${encodeURIComponent(runId)}/issues`;
  const filter = h("div", { class: "row" });
  const body = h("div", { class: "close" }, h("p", { class: "muted" }, t("loading")));
  const pages = makePages(ctx, PAGE, read);
  const download = button(t("issues.download"), fetchTable);
  const root = h("div", { class: "close" }, filter, body, pages.root);
  let chosen = "";
  read(0);

  async function read(offset) {
    const [collection, reason] = chosen ? JSON.parse(chosen) : ["", ""];
    const query = new URLSearchParams({ collection, reason, offset, limit: PAGE });
    await ctx.attempt(body, async () => {
      const { issues, total, counts } = await ctx.api.get(`${path}?${query}`);
      if (!filter.hasChildNodes() && total) filter.append(filterOf(counts), download);
      pages.show(offset, issues.length, total);
      body.replaceChildren(
        total
          ? table(
              t("issues.caption"),
              ["collection", "id", "field", "reason", "what", "mend"].map((name) => ({
                label: t(`issues.${name}`),
                words: name !== "id",
              })),
              issues.map((one) => [
                t.of("collection", one.collection),
                one.sourcedId || t("issues.noId"),
                one.field,
                t.of("issue", one.reason),
                t(one.taken ? "issues.taken" : "issues.setAside"),
                t.of("mend", one.reason, one.mend),
              ]),
              { hideCaption: true },
            )
          : h("p", {}, t("issues.none")),
      );
    });
  }

  function filterOf(counts) {
    const options = Object.entries(counts).flatMap(([collection, reasons]) =>
      Object.entries(reasons).map(([reason, count]) => [
        JSON.stringify([collection, reason]),
        `${t.of("collection", collection)}: ${t.of("issue", reason)} (${format.number(count)})`,
      ]),
    );
    const choice = select([["", t("issues.all")], ...options], "", { "aria-label": t("issues.filter") });
    choice.addEventListener("change", () => {
      chosen = choice.value;
      read(0);
    });
    return choice;
  }

  async function fetchTable() {
    await ctx.attempt(body, async () => {
      const { url } = await ctx.api.post(`${path}/table`);
      const link = h("a", { href: url, download: "", rel: "noreferrer" });
      root.append(link);
      link.click();
      link.remove();
    });
  }

  return root;
}
