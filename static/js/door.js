/* What the pages that change something share: who asks, what was refused, and where it is said. */
import { fill } from "./dom.js";

const KEPT = "strikemap-token";
export const spec = JSON.parse(document.getElementById("spec").textContent);
export const words = spec.strings;
const byId = (id) => document.getElementById(id);

/* The token stays in this tab: it is sent as a header and never in an address. */
export function readyToken() {
  const input = byId("token");
  byId("token-box").hidden = spec.isPrivate;
  input.value = sessionStorage.getItem(KEPT) ?? "";
  input.addEventListener("change", () => sessionStorage.setItem(KEPT, input.value.trim()));
}

export function headers(more = {}) {
  const token = byId("token").value.trim();
  return { Accept: "application/json", [spec.header]: "1", ...(token ? { Authorization: `Bearer ${token}` } : {}), ...more };
}

export function say(text) {
  byId("status").textContent = text;
}

export function refuse(problem) {
  const lines = (problem.errors ?? []).map((one) => `${one.where}: ${one.got || "–"} → ${one.allowed}`);
  byId("problem").textContent = lines.length ? lines.join("\n") : problem.detail || words.connection_lost;
  say("");
}

export function clear() {
  byId("problem").textContent = "";
}

/* Ask, and give the answer's JSON; a refusal is shown and gives null. */
export async function ask(method, url, body, more = {}) {
  clear();
  try {
    const json = body === undefined ? {} : { "Content-Type": "application/json" };
    const answer = await fetch(url, { method, headers: headers({ ...json, ...more }), body: body === undefined ? undefined : JSON.stringify(body) });
    const told = await answer.json();
    if (answer.ok) return told;
    refuse(told);
  } catch {
    refuse({});
  }
  return null;
}

export { fill };
