// How much may go without a person, and until when nothing may; that it ends early is previewed first.

import { check, details, field, h } from "./elements.js";
import { previewFirst } from "./previewing.js";
import { makeSaving } from "./saving.js";

const LIMITS = [
  ["districtPercent", "districtCount"],
  ["membershipsPercent", "membershipsCount"],
  ["schoolPercent", "schoolCount"],
  ["newPercent"],
  ["identityPercent"],
];
const MOST_PERCENT = 100;
const MOST_COUNT = 1_000_000;

/** Make the form of `settings.guard` and `settings.additionsOnlyUntil`. */
export function makeProtection(ctx, settings) {
  const { t } = ctx;
  const until = field(t("protection.until"), h("input", { type: "date", class: "short", value: settings.additionsOnlyUntil }), { hint: t("protection.untilHint") });
  const limits = LIMITS.flat().map((name) => {
    const isPercent = name.endsWith("Percent");
    const most = isPercent ? MOST_PERCENT : MOST_COUNT;
    const least = isPercent ? 1 : 0;
    const control = h("input", { type: "number", class: "short", inputmode: "numeric", min: least, max: most, value: settings.guard[name] });
    return { name, least, most, ...field(t(`protection.${name}`), control) };
  });
  const whole = check(t("protection.wholeCollection"), settings.guard.wholeCollection);
  const rows = LIMITS.map((names) => h("div", { class: "pair" }, limits.filter(({ name }) => names.includes(name)).map(({ root }) => root)));
  return makeSaving(ctx, {
    title: t("protection.title"),
    about: t("protection.about"),
    parts: [until.root, details(t("protection.limits"), [...rows, whole.root])],
    preview: ({ additionsOnlyUntil }, place) => previewFirst(ctx, { additionsOnlyUntil }, place),
    read() {
      const wrong = limits.filter(({ control, least, most, complain }) => {
        const value = Number(control.value);
        const isRight = control.value !== "" && Number.isInteger(value) && value >= least && value <= most;
        complain(isRight ? "" : t("protection.wrong", { least, most }));
        return !isRight;
      });
      // A day that is half typed reads as none, which would let everything go.
      const isHalfTyped = until.control.validity.badInput;
      until.complain(isHalfTyped ? t("protection.dayWrong") : "");
      if (wrong.length || isHalfTyped) return null;
      return {
        additionsOnlyUntil: until.control.value,
        guard: {
          ...Object.fromEntries(limits.map(({ name, control }) => [name, Number(control.value)])),
          wholeCollection: whole.control.checked,
        },
      };
    },
  });
}
