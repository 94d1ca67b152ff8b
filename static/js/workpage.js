/* What the pages that import, edit and review share: the holder's token, and what was refused. */
/** @import { Problem, WorkSpec } from "./types.js" */
import { byId, jsonBlock } from "./dom.js";

const TOKEN_KEY = "strikemap-token";
/** @type {WorkSpec} */
const spec = jsonBlock("spec");
const words = spec.strings;
const tokenInput = byId("token", HTMLInputElement);

/** Keep the token in this tab: it is sent as a header and never in an address. */
export function readyToken() {
  byId("token-box").hidden = spec.isPrivate;
  tokenInput.value = sessionStorage.getItem(TOKEN_KEY) ?? "";
  tokenInput.addEventListener("change", () =>
    sessionStorage.setItem(TOKEN_KEY, tokenInput.value.trim()),
  );
}

/** Tell whether the page may ask at once: on a private service, or with a token. */
export const mayAsk = () => spec.isPrivate || tokenInput.value !== "";

/**
 * @param {Record<string, string>} [more]
 * @returns {Record<string, string>}
 */
export function headers(more = {}) {
  const token = tokenInput.value.trim();
  /** @type {Record<string, string>} */
  const authorization = token ? { Authorization: `Bearer ${token}` } : {};
  return { Accept: "application/json", [spec.header]: "1", ...authorization, ...more };
}

export function showStatus(/** @type {string} */ text) {
  byId("status").textContent = text;
}

export function showProblem(/** @type {string} */ text) {
  byId("problem").textContent = text;
}

export function refuse(/** @type {Problem} */ { errors, detail }) {
  const lines = errors?.map(({ where, got, allowed }) => `${where}: ${got || "–"} → ${allowed}`);
  showProblem(lines?.join("\n") || detail || words.connection_lost);
  showStatus("");
}

/**
 * Ask, and give the answer's JSON; a refusal is shown and gives null.
 * @template Answer
 * @param {string} method
 * @param {string} url
 * @param {object} [document]
 * @param {Record<string, string>} [more] headers of this request
 * @returns {Promise<Answer | null>}
 */
export async function ask(method, url, document, more = {}) {
  showProblem("");
  try {
    /** @type {Record<string, string>} */
    const json = document ? { "Content-Type": "application/json" } : {};
    const body = document && JSON.stringify(document);
    const answer = await fetch(url, { method, headers: headers({ ...json, ...more }), body });
    const result = await answer.json();
    if (answer.ok) return result;
    refuse(result);
  } catch {
    refuse({});
  }
  return null;
}
