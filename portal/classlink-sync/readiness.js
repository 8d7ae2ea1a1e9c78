// After a preview: how ready a district is, and what to mend before the first morning.

import { details, h, tally } from "./elements.js";
import { sum } from "./format.js";

/** Make the card of a run that has `readiness`. */
export function makeReadiness(ctx, { readiness }) {
  const { t, format } = ctx;
  const { teachers, teachersWithUser, students, studentsWithLogin, domainsWithoutUser } = readiness;
  const line = (term, part, whole) => [
    term,
    `${format.share(part, whole)} (${t("readiness.of", { part: format.number(part), whole: format.number(whole) })})`,
  ];
  const count = (term, number) => [term, format.number(number)];
  const domains = Object.entries(domainsWithoutUser);
  return h(
    "section",
    { class: "close", "aria-label": t("readiness.title") },
    h("h4", {}, t("readiness.title")),
    tally([
      line(t("readiness.teachers"), teachersWithUser, teachers),
      line(t("readiness.students"), studentsWithLogin, students),
      count(t("readiness.shared"), readiness.sharedEmails),
      count(t("readiness.dangling"), readiness.danglingEnrollments),
      count(t("readiness.domains"), domains.length),
    ]),
    domains.length > 0 &&
      details(
        t("readiness.whichDomains", { count: sum(domainsWithoutUser) }),
        tally(domains.map(([domain, number]) => count(domain, number))),
      ),
  );
}
