/* Texts, numbers, days and counts as the page's language writes them. */
/** @import { Count, Label, Words } from "./types.js" */

/**
 * Fill the {slots} of a text.
 * @param {string} text
 * @param {object} values
 */
export function fill(text, values) {
  const byName = /** @type {Record<string, unknown>} */ (values);
  return text.replace(/\{(\w+)\}/g, (slot, name) => (name in byName ? String(byName[name]) : slot));
}

/**
 * A language with the digits that sentences and pictures have, too: 0 to 9. English has the order
 * of days of most of the world (app/i18n/values.py).
 */
const locale = (/** @type {string} */ language) =>
  `${language === "en" ? "en-GB" : language}-u-nu-latn`;

/**
 * @param {string} language
 * @param {number} value
 * @param {number} [digits] so many after the point, as in a column of a table; else what there is
 */
export function number(language, value, digits) {
  return new Intl.NumberFormat(locale(language), {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits ?? 2,
    useGrouping: "always",
  }).format(value);
}

/**
 * @param {string} language
 * @param {string} day
 */
export function dayText(language, day) {
  const format = new Intl.DateTimeFormat(locale(language), {
    day: "numeric",
    month: "short",
    year: "numeric",
    timeZone: "UTC",
  });
  return format.format(new Date(day + "T00:00:00Z"));
}

/** A first and a last day, or one day when they are equal. */
export const daysText = (
  /** @type {string} */ language,
  /** @type {string} */ first,
  /** @type {string} */ last,
) => [...new Set([first, last])].map((day) => dayText(language, day)).join(" – ");

const DAY_MS = 864e5;
/** A day as days since 1970. */
export const dayNumber = (/** @type {string} */ day) =>
  Math.round(Date.parse(day + "T00:00:00Z") / DAY_MS);
export const dayOf = (/** @type {number} */ days) =>
  new Date(days * DAY_MS).toISOString().slice(0, 10);

/**
 * A count as people read it: unknown is never 0, an open end is "at least".
 * @param {Words} words
 * @param {string} language
 * @param {Count | null} count
 */
export function countText(words, language, count) {
  const n = (/** @type {number} */ value) => number(language, value);
  if (!count || (count.low === null && count.best === null && count.high === null))
    return words.unknown;
  const low = count.low ?? count.best ?? 0;
  if (count.high === null) return fill(words.at_least, { n: n(low) });
  if (low === count.high) return n(low);
  return fill(words.range, { low: n(low), high: n(count.high) });
}

/**
 * A length in the language's own units and numbers: 500 m, 1,5 км.
 * @param {string} language
 * @param {number} metres
 */
export function lengthText(language, metres) {
  const isShort = metres < 1000;
  const unit = isShort ? "meter" : "kilometer";
  const maximumFractionDigits = isShort ? 0 : 1;
  const format = new Intl.NumberFormat(locale(language), {
    style: "unit",
    unit,
    maximumFractionDigits,
  });
  return format.format(isShort ? metres : metres / 1000);
}

/**
 * The name of a code; a code that nobody named stands for itself.
 * @param {Label[]} labels
 * @param {string} code
 */
export function labelOf(labels, code) {
  return labels.find((label) => label[0] === code)?.[1] ?? code;
}
