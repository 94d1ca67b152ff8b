/* What the pages that import, edit and review share: who is signed in, and what was refused. */
/** @import { Problem, Session, WorkSpec } from "./types.js" */
import { byId, el, jsonBlock } from "./dom.js";
import { fill } from "./format.js";

/** @type {WorkSpec} */
const spec = jsonBlock("spec");
const words = spec.strings;
const thisPage = () => encodeURIComponent(location.pathname + location.search + location.hash);
// Before its script is here a form would send nothing, and lose what was written into it.
for (const form of document.forms) form.inert = false;
const signIn = () => `/sign-in?${spec.query}#${thisPage()}`;

/**
 * Go on when somebody is signed in, or at a private service; lead anybody else to sign-in.
 * @returns {Promise<Session | null>} null at a private service, whose reader may do everything
 */
export async function ready() {
  if (spec.isPrivate) return null;
  /** @type {Session | null} */
  const session = await ask("GET", "/api/session", undefined, {}, () => location.replace(signIn()));
  if (!session) return null;
  byId("signed-in").hidden = false;
  byId("signed-in-as").textContent = fill(words.signed_in, session);
  byId("sign-out").addEventListener("click", async () => {
    if (await ask("DELETE", "/api/session")) location.replace(signIn());
  });
  return session;
}

/**
 * @param {Record<string, string>} [more]
 * @returns {Record<string, string>}
 */
export const headers = (more = {}) => ({ Accept: "application/json", [spec.header]: "1", ...more });

export function showStatus(/** @type {string} */ text) {
  byId("status").textContent = text;
}

export function showProblem(/** @type {string} */ text) {
  byId("problem").textContent = text;
}

/** Show a refusal; whoever is signed in no more keeps what they typed, and signs in beside it. */
export function refuse(/** @type {Problem} */ { errors, detail, status }) {
  const lines = errors?.map(({ where, got, allowed }) => `${where}: ${got || "–"} → ${allowed}`);
  showProblem(lines?.join("\n") || detail || words.connection_lost);
  if (status === 401 && document.getElementById("signed-in")) {
    const link = { href: signIn(), target: "_blank", text: words.sign_in_title };
    byId("problem").append(" ", el("a", link));
  }
  showStatus("");
}

/**
 * Ask, and give the answer's JSON; a refusal is shown and gives null.
 * @template Answer
 * @param {string} method
 * @param {string} url
 * @param {object} [document]
 * @param {Record<string, string>} [more] headers of this request
 * @param {(problem: Problem) => void} [unknown] what to do with somebody who is not signed in
 * @returns {Promise<Answer | null>}
 */
export function ask(method, url, document, more = {}, unknown = refuse) {
  /** @type {Record<string, string>} */
  const json = document ? { "Content-Type": "application/json" } : {};
  const body = document && JSON.stringify(document);
  return answered(url, { method, headers: headers({ ...json, ...more }), body }, unknown);
}

/**
 * Send a form with a file, as `ask` does with JSON.
 * @template Answer
 * @param {string} url
 * @param {FormData} body
 * @returns {Promise<Answer | null>}
 */
export const send = (url, body) =>
  answered(url, { method: "POST", headers: headers(), body }, refuse);

/**
 * @template Answer
 * @param {string} url
 * @param {RequestInit} request
 * @param {(problem: Problem) => void} unknown
 * @returns {Promise<Answer | null>}
 */
async function answered(url, request, unknown) {
  showProblem("");
  try {
    const answer = await fetch(url, request);
    const result = await answer.json();
    if (answer.ok) return result;
    if (answer.status === 401) unknown(result);
    else refuse(result);
  } catch {
    refuse({});
  }
  return null;
}
