/* Incidents as binary columns, a file for each month, its rows sorted by their first day. */
/** @import { ColumnsListing, Month } from "./types.js" */
import { readJson } from "./request.js";

const TYPES = { u4: Uint32Array, u2: Uint16Array, u1: Uint8Array };

/**
 * Typed arrays over one buffer, in the order that the listing gives.
 * @param {ArrayBuffer} buffer
 * @param {number} rows
 * @param {ColumnsListing["columns"]} columns
 */
function monthOf(buffer, rows, columns) {
  let at = 0;
  const arrays = Object.entries(columns).map(([name, kind]) => {
    const array = new TYPES[kind](buffer, at, rows);
    at += array.byteLength;
    return [name, array];
  });
  const empty = { n: null, matching: null, classes: null, steps: null };
  return /** @type {Month} */ ({ rows, ...empty, ...Object.fromEntries(arrays) });
}

/** Ask for every file of a listing at once; the promises of their months, newest first. */
export async function fetchMonths(/** @type {string} */ url) {
  /** @type {ColumnsListing} */
  const { columns, months } = await readJson(url);
  return months.map(async (month) => {
    const answer = await fetch(month.url);
    if (!answer.ok) throw new Error(`${answer.status} ${month.url}`);
    return monthOf(await answer.arrayBuffer(), month.rows, columns);
  });
}
