// Where is my class? A teacher, a class or a student, and for each class why it is there or not.

import { ask, badge, button, facts, field, h, note, select, table } from "./elements.js";
import { sentence } from "./format.js";

const KINDS = ["teacher", "class", "student"];
const DELIVERY = { delivered: "good", due: "busy", "user not linked": "warn" };

/** Make it; `open(kind, what)` looks something up at once. */
export function makeFind(ctx) {
  const { t, format } = ctx;
  const kind = field(t("find.kind"), select(KINDS.map((name) => [name, t(`find.kind.${name}`)]), "teacher"));
  const what = field(t("find.what"), h("input", { type: "text", name: "what", autocomplete: "off", spellcheck: "false", autocapitalize: "none", maxlength: 255 }), { hint: t("find.hint") });
  const answer = h("div", { class: "stack" });
  const trail = [];
  const root = h(
    "div",
    { class: "panel" },
    h("h3", { tabindex: -1 }, t("find.title")),
    h("p", { class: "muted" }, t("find.about")),
    h(
      "form",
      { class: "stack", role: "search", novalidate: true, onsubmit: (event) => (event.preventDefault(), asked()) },
      h("div", { class: "pair" }, kind.root, what.root),
      h("div", { class: "actions" }, h("button", { type: "submit", class: "primary" }, t("find.look"))),
    ),
    answer,
  );

  function asked() {
    const typed = what.control.value.trim();
    what.complain(typed ? "" : t(`find.missing.${kind.control.value}`));
    if (!typed) return what.control.focus();
    trail.length = 0;
    return look(kind.control.value, typed);
  }

  /** Look something up, coming from what is shown now. */
  function open(name, typed) {
    kind.control.value = name;
    what.control.value = typed;
    return look(name, typed);
  }

  async function look(name, typed) {
    answer.replaceChildren(h("p", { class: "muted", role: "status" }, t("find.looking")));
    await ctx.attempt(answer, async () => {
      const found = await ctx.api.post("/explain", { [name]: typed });
      trail.push([name, typed]);
      const title = h("h4", { tabindex: -1 });
      const back = trail.length > 1 && button(t("find.back"), goBack, { kind: "plain small" });
      const shown = SHOW[found.about](ctx, found[found.about], { open, title, again: () => look(...trail.pop()) });
      answer.replaceChildren(...[back && h("div", {}, back), title, ...shown].filter(Boolean));
      title.focus();
    });
  }

  function goBack() {
    trail.pop();
    return open(...trail.pop());
  }

  return { root, open, focus: () => root.querySelector("h3").focus() };
}

const SHOW = { teacher, class: classFound, student };

function teacher(ctx, { why, owner, people, classes, asOf, notes }, { open, title, again }) {
  const { t, format } = ctx;
  title.textContent = owner ? nameOf(ctx, owner) : t("find.noTeacher");
  return [
    whyNote(ctx, why),
    ...notes.map((one) => whyNote(ctx, one)),
    owner && facts([[t("teachers.email"), owner.email], [t("owner.user"), userOf(ctx, owner)], [t("find.asOf"), format.moment(asOf)]]),
    owner && ctx.canAct && actions(ctx, owner, again),
    !owner && people.length > 0 && peopleTable(ctx, t("find.people"), people),
    classes.length > 0 &&
      table(
        t("find.classes"),
        [{ label: t("find.class") }, { label: t("find.school") }, { label: t("find.members"), number: true }, { label: t("find.state") }],
        classes.map((one) => [
          button(one.group?.name || one.name || one.classId, () => open("class", one.classId), { kind: "inline" }),
          one.school,
          format.number(one.group?.members ?? one.members),
          stateOf(ctx, one),
        ]),
      ),
  ];
}

function classFound(ctx, found, { open, title }) {
  const { t, format } = ctx;
  title.textContent = found.title || found.classId;
  return [
    whyNote(ctx, found.why, "find.classFine"),
    found.pending && note("busy", h("p", {}, sentence(t("find.pending")))),
    ...found.notes.map((one) => whyNote(ctx, one)),
    facts([
      [t("find.sourcedId"), found.classId],
      [t("find.code"), found.classCode || "–"],
      [t("find.school"), found.school || "–"],
      [t("find.members"), format.number(found.members)],
      [t("find.asOf"), format.moment(found.asOf)],
    ]),
    found.terms.length > 0 &&
      table(
        t("find.terms"),
        [{ label: t("find.term") }, { label: t("find.begins") }, { label: t("find.ends") }, { label: t("find.counts") }],
        found.terms.map((term) => [term.title || term.sourcedId, format.day(term.startDate), format.day(term.endDate), t(term.counts ? "yes" : "no")]),
      ),
    table(
      t("find.teachers"),
      [{ label: t("teachers.name") }, { label: t("teachers.email") }, { label: t("find.state") }],
      found.teachers.map(({ who, owner, group }) => [
        owner ? button(nameOf(ctx, who), () => open("teacher", owner.email || who.email), { kind: "inline" }) : nameOf(ctx, who),
        owner?.email || who.email,
        who.why.reason ? words(ctx, who.why) : deliveryOf(ctx, group),
      ]),
    ),
    peopleTable(ctx, t("find.students"), found.students, (who) => open("student", who.sourcedId)),
  ];
}

function student(ctx, { who, classes, asOf, notes }, { open, title }) {
  const { t, format } = ctx;
  title.textContent = nameOf(ctx, who);
  return [
    whyNote(ctx, who.why),
    ...notes.map((one) => whyNote(ctx, one)),
    facts([[t("find.sourcedId"), who.sourcedId], [t("find.login"), who.login || t("find.noLogin")], [t("find.asOf"), format.moment(asOf)]]),
    table(
      t("find.classes"),
      [{ label: t("find.class") }, { label: t("find.school") }, { label: t("find.seenBy") }, { label: t("find.state") }],
      classes.map((one) => [
        button(one.title || one.classId, () => open("class", one.classId), { kind: "inline" }),
        one.school,
        one.seenBy.map((owner) => nameOf(ctx, owner)).join(", "),
        one.why.reason ? words(ctx, one.why) : one.pending ? t("find.pending") : t("find.there"),
      ]),
    ),
  ];
}

/** What an admin can do about a teacher: send the groups again, match to a Senso user, undo that. */
function actions(ctx, owner, again) {
  const { t } = ctx;
  const state = h("div", { role: "status" });
  const path = `/owners/${encodeURIComponent(owner.ownerId)}`;

  const resync = () =>
    ctx.attempt(state, async () => {
      state.replaceChildren(h("p", { class: "muted" }, t("owner.sending")));
      const { groups, asOf, reason } = await ctx.api.post(`${path}/resync`);
      const text = groups ? t("owner.sent", { count: groups, when: ctx.format.moment(asOf) }) : t("owner.nothingSent", { reason: t.of("reason", reason) });
      state.replaceChildren(note(groups ? "good" : "warn", h("p", {}, text)));
    });

  const change = (email) =>
    ctx.attempt(state, async () => {
      await ctx.api.put(`${path}/user`, { email });
      ctx.say(t(email === null ? "owner.undone" : "owner.matched"));
      await again();
    });

  const match = async () => {
    const email = field(t("owner.userEmail"), h("input", { type: "email", name: "user", autocomplete: "off", maxlength: 254 }), { hint: t("owner.matchHint") });
    const isMeant = await ask(ctx.place, {
      title: t("owner.matchTitle", { name: nameOf(ctx, owner) }),
      body: [email.root],
      actions: [
        [t("owner.match"), true, "primary"],
        [t("cancel"), false, "plain"],
      ],
      check() {
        const isThere = email.control.value.trim().length > 2;
        email.complain(isThere ? "" : t("owner.userMissing"));
        if (!isThere) email.control.focus();
        return isThere;
      },
    });
    if (isMeant) await change(email.control.value.trim());
  };

  return h(
    "div",
    { class: "close" },
    h(
      "div",
      { class: "actions" },
      button(t("owner.resync"), resync, { kind: "primary" }),
      button(t("owner.match"), match),
      owner.linkedBy === "by hand" && button(t("owner.undo"), () => change(null)),
    ),
    state,
  );
}

function peopleTable(ctx, caption, people, onOpen = null) {
  const { t } = ctx;
  return table(
    caption,
    [{ label: t("teachers.name") }, { label: t("find.sourcedId") }, { label: t("find.login") }, { label: t("find.state") }],
    people.map((who) => [
      onOpen ? button(nameOf(ctx, who), () => onOpen(who), { kind: "inline" }) : nameOf(ctx, who),
      who.sourcedId,
      who.login,
      who.why.reason ? words(ctx, who.why) : t("find.there"),
    ]),
  );
}

function userOf(ctx, owner) {
  if (owner.userId) return ctx.t("owner.linked", { id: owner.userId, how: ctx.t.of("linkedBy", owner.linkedBy) });
  if (owner.refused) return ctx.t("teachers.refused", { reason: owner.refused });
  return owner.wanted ? ctx.t.of("wanted", owner.wanted) : ctx.t("owner.noUser");
}

function stateOf(ctx, { why, group, pending, notes }) {
  return h(
    "div",
    { class: "close" },
    h("div", {}, why.reason && !group ? words(ctx, why) : deliveryOf(ctx, group)),
    pending && h("div", { class: "muted" }, why.reason ? `${words(ctx, why)}: ${ctx.t("find.pending")}` : ctx.t("find.pending")),
    notes.map((one) => h("div", { class: "warn" }, words(ctx, one))),
  );
}

function deliveryOf(ctx, group) {
  return group ? badge(ctx.t.of("delivery", group.delivery), DELIVERY[group.delivery] ?? "calm") : ctx.t("find.noGroup");
}

function whyNote(ctx, why, fine = "") {
  if (why.reason) return note("warn", h("p", {}, sentence(words(ctx, why))));
  return fine ? note("good", h("p", {}, ctx.t(fine))) : false;
}

/** A reason with its date and what is behind it, in the words of whoever translates, or in the API's. */
function words(ctx, { reason, text, on, counts }) {
  const behind = Object.entries(counts ?? {}).map(([one, count]) => `${ctx.format.number(count)} ${ctx.t.of("reason", one)}`);
  const said = ctx.t.of("why", reason, text, { on: on ? ctx.format.day(on) : "" });
  return behind.length && said !== text ? `${said} (${behind.join(", ")})` : said;
}

function nameOf(ctx, { givenName, familyName, email, sourcedId }) {
  return givenName || familyName ? ctx.t("person.name", { given: givenName, family: familyName }) : email || sourcedId || "–";
}
