/* Questions to the service, and what goes wrong with them. */
/** @import { Problem } from "./types.js" */

/**
 * @template Answer
 * @param {string} url
 * @param {AbortSignal} [signal]
 * @returns {Promise<Answer>}
 */
export async function readJson(url, signal) {
  const answer = await fetch(url, { signal, headers: { Accept: "application/json" } });
  if (!answer.ok) {
    /** @type {Problem} */
    const problem = await answer.json().catch(() => ({}));
    throw new Error(problem.detail || `${answer.status} ${url}`);
  }
  return answer.json();
}

/** Gives every question its signal, and calls the question before it off. */
export function makeNewest() {
  let controller = new AbortController();
  return () => {
    controller.abort();
    controller = new AbortController();
    return controller.signal;
  };
}

export const wasAborted = (/** @type {unknown} */ wrong) =>
  wrong instanceof DOMException && wrong.name === "AbortError";

export const messageOf = (/** @type {unknown} */ wrong) =>
  wrong instanceof Error ? wrong.message : String(wrong);
