// Teachers with classes and without a Senso user: whom to import, one or many.

import { button, details, field, h, list, note, select, table } from "./elements.js";
import { makePages } from "./pages.js";

const PAGE = 50;
/** The API takes no more in one request. */
const AT_ONCE = 500;

/** Make it; `show()` reads the first page when it is seen for the first time and after a run. */
export function makeTeachers(ctx) {
  const { t, format } = ctx;
  const search = field(t("teachers.search"), h("input", { type: "search", name: "search", autocomplete: "off", maxlength: 200 }));
  const role = field(t("teachers.role"), select(ctx.roles, ctx.roles[0]?.[0] ?? ""));
  const site = field(t("teachers.site"), select(ctx.sites, ctx.sites[0]?.[0] ?? ""));
  const all = h("input", { type: "checkbox", id: "all-teachers" });
  const go = button("", importChosen, { kind: "primary" });
  const state = h("div", { role: "status" });
  const body = h("div", { class: "close" }, h("p", { class: "muted" }, t("loading")));
  const pages = makePages(ctx, PAGE, read);
  const left = h("div", {});
  const chosen = new Map();
  const told = new Map();
  let offset = 0;

  const root = h(
    "div",
    { class: "panel" },
    h("h3", { tabindex: -1 }, t("teachers.title")),
    h("p", { class: "muted" }, t("teachers.about")),
    h("form", { class: "pair", role: "search", onsubmit: (event) => (event.preventDefault(), read(0)) }, search.root, h("div", { class: "actions" }, h("button", { type: "submit" }, t("teachers.find")))),
    ctx.canAct && h("div", { class: "pair" }, role.root, ctx.sites.length > 0 && site.root),
    ctx.canAct && h("div", { class: "row apart" }, h("div", { class: "check" }, all, h("label", { for: all.id }, t("teachers.all"))), go),
    state,
    body,
    pages.root,
    left,
  );
  all.addEventListener("change", () => {
    for (const box of body.querySelectorAll("input[type=checkbox]")) {
      box.checked = all.checked;
      choose(box);
    }
  });
  count();

  async function read(from = offset) {
    offset = from;
    await ctx.attempt(body, async () => {
      const found = await ctx.api.post("/teachers/search", { query: search.control.value.trim(), offset, limit: PAGE });
      all.checked = false;
      pages.show(offset, found.teachers.length, found.total);
      body.replaceChildren(found.total ? listOf(found.teachers) : h("p", {}, t(search.control.value.trim() ? "teachers.noneFound" : "teachers.none")));
      await readUsersLeft();
    });
  }

  function listOf(teachers) {
    return table(
      t("teachers.caption"),
      [
        { label: t("teachers.name") },
        { label: t("teachers.email") },
        { label: t("teachers.schools") },
        { label: t("teachers.groups"), number: true },
        { label: t("teachers.state") },
      ],
      teachers.map((one) => [nameOf(one), one.email, one.schools.join(", "), format.number(one.groups), stateOf(one)]),
      { hideCaption: true },
    );
  }

  function nameOf(teacher) {
    const name = t("person.name", { given: teacher.givenName, family: teacher.familyName });
    if (!ctx.canAct) return name;
    const box = h("input", { type: "checkbox", id: `teacher-${teacher.ownerId}`, "data-owner": teacher.ownerId });
    box.checked = chosen.has(teacher.ownerId);
    box.addEventListener("change", () => choose(box));
    return h("div", { class: "check" }, box, h("label", { for: box.id }, name));
  }

  function stateOf(teacher) {
    const error = told.get(teacher.ownerId);
    if (error) return h("span", { class: "bad" }, error);
    if (teacher.refused) return h("span", { class: "bad" }, t("teachers.refused", { reason: teacher.refused }));
    if (teacher.state) return t.of("wanted", teacher.state);
    if (teacher.sharedEmail) return h("span", { class: "warn" }, t("teachers.shared"));
    return teacher.lostUser ? h("span", { class: "warn" }, t("teachers.lost")) : "";
  }

  function choose(box) {
    if (box.checked) chosen.set(box.dataset.owner, true);
    else chosen.delete(box.dataset.owner);
    count();
  }

  function count() {
    go.textContent = t("teachers.import", { count: chosen.size });
    go.setAttribute("aria-disabled", String(chosen.size === 0));
  }

  async function importChosen() {
    if (go.getAttribute("aria-disabled") === "true") return;
    const users = [...chosen.keys()].map((ownerId) => ({ ownerId, role: role.control.value, site: site.control.value ?? "" }));
    go.setAttribute("aria-disabled", "true");
    state.replaceChildren(h("p", { class: "muted" }, t("teachers.asking")));
    await ctx.attempt(state, async () => {
      const found = [];
      for (let from = 0; from < users.length; from += AT_ONCE) {
        found.push(...(await ctx.api.post("/users", { users: users.slice(from, from + AT_ONCE) })).users);
      }
      told.clear();
      for (const { ownerId, error } of found) {
        if (error) told.set(ownerId, error);
        else chosen.delete(ownerId);
      }
      const asked = found.length - told.size;
      state.replaceChildren(
        asked > 0 && note("good", h("p", {}, t("teachers.asked", { count: asked }))),
        told.size > 0 && note("bad", h("p", {}, t("teachers.failed", { count: told.size }))),
      );
      for (const nothing of [...state.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE)) nothing.remove();
    });
    count();
    await read();
    ctx.soon();
  }

  async function readUsersLeft() {
    const { userIds } = await ctx.api.get("/users/without-teacher");
    left.replaceChildren(
      ...(userIds.length
        ? [details(t("teachers.left", { count: userIds.length }), [h("p", { class: "muted" }, t("teachers.leftAbout")), list(userIds)])]
        : []),
    );
  }

  return { root, show: () => read(), focus: () => root.querySelector("h3").focus() };
}
