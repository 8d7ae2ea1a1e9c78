// Numbers and times as the admin's locale and time zone have them.

const SECOND = 1000;
const MINUTE = 60 * SECOND;

/** Return how to write things in a locale. Times are in ms since 1970, 0 for never. */
export function makeFormat(locale, { never }) {
  const number = new Intl.NumberFormat(locale);
  const percent = new Intl.NumberFormat(locale, { style: "percent", maximumFractionDigits: 0 });
  const moment = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "short" });
  const day = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeZone: "UTC" });
  const unit = (name) => new Intl.NumberFormat(locale, { style: "unit", unit: name, unitDisplay: "short" });
  const seconds = unit("second");
  const minutes = unit("minute");
  return {
    number: (value) => number.format(value),
    /** A share, of nothing is all; never 100 % while anything is missing. */
    share(part, whole) {
      if (!whole) return percent.format(1);
      return percent.format(part < whole ? Math.min(0.99, part / whole) : 1);
    },
    moment: (ms) => (ms ? moment.format(ms) : never),
    /** A date as the API writes it: 2026-11-23. */
    day: (text) => (text ? day.format(new Date(`${text}T00:00:00Z`)) : never),
    /** How long something took. */
    duration: (ms) =>
      ms < MINUTE ? seconds.format(Math.max(1, Math.round(ms / SECOND))) : minutes.format(Math.round(ms / MINUTE)),
  };
}

/** The zone of whoever looks. */
export function ownTimeZone() {
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/** Add up the values of an object. */
export function sum(counts) {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}

/** A sentence of one that the API began small and left open. */
export function sentence(text) {
  return text.charAt(0).toUpperCase() + text.slice(1) + (/[.!?。]$/.test(text) ? "" : ".");
}
