// Users that are made without anybody's asking, for the e-mail domains that the admin ticks.

import { check, field, h, select } from "./elements.js";
import { makeSaving } from "./saving.js";

/** Make the form of `settings.creation`; it reads by itself how many teachers of which domain wait. */
export function makeAutomatic(ctx, settings) {
  const { t, format } = ctx;
  const { creation } = settings;
  const list = h("fieldset", {}, h("legend", {}, t("automatic.domains")), h("p", { class: "muted" }, t("loading")));
  const role = field(t("teachers.role"), select(withPresent(ctx.roles, creation.role), creation.role));
  const site = field(t("teachers.site"), select(withPresent(ctx.sites, creation.site), creation.site));
  const number = h("p", { role: "status" });
  let boxes = null;
  read();

  async function read() {
    await ctx.attempt(list, async () => {
      const { domains } = await ctx.api.get("/users/automatic");
      const waiting = { ...Object.fromEntries(creation.domains.map((domain) => [domain, 0])), ...domains };
      boxes = Object.entries(waiting).map(([domain, count]) => ({
        domain,
        count,
        ...check(t("automatic.domain", { domain, count: format.number(count) }), creation.domains.includes(domain)),
      }));
      list.replaceChildren(
        h("legend", {}, t("automatic.domains")),
        ...(boxes.length ? boxes.map(({ root }) => root) : [h("p", { class: "muted" }, t("automatic.none"))]),
      );
      for (const { control } of boxes) {
        control.disabled = !ctx.canAct;
        control.addEventListener("change", tell);
      }
      tell();
    });
  }

  const ticked = () => (boxes ?? []).filter(({ control }) => control.checked);

  function tell() {
    const count = ticked().reduce((total, box) => total + box.count, 0);
    number.textContent = ticked().length ? t("automatic.would", { count }) : t("automatic.off");
  }

  return makeSaving(ctx, {
    title: t("automatic.title"),
    about: t("automatic.about"),
    parts: [list, number, h("div", { class: "pair" }, role.root, ctx.sites.length > 0 && site.root)],
    // Before the domains are known, saving would untick them all.
    read: () => boxes && { creation: { domains: ticked().map(({ domain }) => domain), role: role.control.value, site: site.control.value } },
  });
}

/** The host's words, with the one that is chosen now where the host does not have it any more. */
function withPresent(options, present) {
  return options.some(([value]) => value === present) ? options : [[present, present || "–"], ...options];
}
