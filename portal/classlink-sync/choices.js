// Which classes become groups, and how they are called. What may take groups away is previewed first.

import { check, details, field, h, select } from "./elements.js";
import { previewFirst } from "./previewing.js";
import { makeSaving } from "./saving.js";

const LOGINS = ["", "email", "username", "identifier", "email-local-part"];
const LONGEST_DAYS = 60;

/** Make the form of `settings.roster`; `schools` are those that can be left out. */
export function makeChoices(ctx, settings, schools) {
  const { t } = ctx;
  const { roster } = settings;
  const aides = check(t("choices.aides"), roster.aidesOwnGroups);
  const homerooms = check(t("choices.homerooms"), roster.homerooms);
  const lead = field(t("choices.lead"), days(roster.leadDays));
  const grace = field(t("choices.grace"), days(roster.graceDays));
  const name = field(t("choices.name"), h("input", { type: "text", value: roster.groupName, maxlength: 200 }), { hint: t("choices.nameHint") });
  const login = field(t("choices.login"), select(LOGINS.map((one) => [one, t(`login.${one || "default"}`)]), roster.login), { hint: t("choices.loginHint") });
  const known = new Set(schools.map(({ sourcedId }) => sourcedId));
  const unknown = roster.schoolsExcluded.filter((id) => !known.has(id)).map((id) => ({ sourcedId: id, name: id }));
  const boxes = [...schools, ...unknown].map((school) => ({ id: school.sourcedId, ...check(school.name, roster.schoolsExcluded.includes(school.sourcedId)) }));
  const domains = field(t("choices.domains"), h("textarea", { rows: 3, spellcheck: "false", value: Object.entries(roster.emailDomains).map((pair) => pair.join(" → ")).join("\n") }), { hint: t("choices.domainsHint") });

  function read() {
    const whole = [lead, grace].map((one) => Number(one.control.value));
    const isDays = whole.map((value) => Number.isInteger(value) && value >= 0 && value <= LONGEST_DAYS);
    for (const [index, one] of [lead, grace].entries()) isDays[index] &&= one.control.value !== "";
    [lead, grace].forEach((one, index) => one.complain(isDays[index] ? "" : t("choices.daysWrong", { most: LONGEST_DAYS })));
    name.complain(name.control.value.trim() ? "" : t("choices.nameMissing"));
    const emailDomains = readDomains();
    domains.complain(emailDomains ? "" : t("choices.domainsWrong"));
    if (!isDays.every(Boolean) || !name.control.value.trim() || !emailDomains) return null;
    return {
      roster: {
        aidesOwnGroups: aides.control.checked,
        homerooms: homerooms.control.checked,
        leadDays: whole[0],
        graceDays: whole[1],
        groupName: name.control.value.trim(),
        login: login.control.value,
        schoolsExcluded: boxes.filter(({ control }) => control.checked).map(({ id }) => id),
        emailDomains,
      },
    };
  }

  function readDomains() {
    const lines = domains.control.value.split("\n").map((line) => line.trim().toLowerCase()).filter(Boolean);
    const pairs = lines.map((line) => line.split(/\s*(?:→|->|=>|\s)\s*/));
    return pairs.every((pair) => pair.length === 2 && pair.every(Boolean)) ? Object.fromEntries(pairs) : null;
  }

  return makeSaving(ctx, {
    title: t("choices.title"),
    about: t("choices.about"),
    parts: [
      name.root,
      login.root,
      h("div", { class: "pair" }, lead.root, grace.root),
      aides.root,
      homerooms.root,
      boxes.length > 0 && details(t("choices.schools"), h("fieldset", {}, h("legend", { class: "quiet" }, t("choices.schools")), boxes.map(({ root }) => root)), { open: roster.schoolsExcluded.length > 0 }),
      details(t("choices.rewrite"), domains.root, { open: Object.keys(roster.emailDomains).length > 0 }),
    ],
    read,
    preview: (change, place) => previewFirst(ctx, { settings: change.roster }, place),
  });
}

function days(value) {
  return h("input", { type: "number", min: 0, max: LONGEST_DAYS, inputmode: "numeric", class: "short", value });
}
