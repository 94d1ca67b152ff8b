/* The review page: two records side by side, why they may be one, and a decision with its reason. */
import { ask, fill, readyToken, say, spec, words } from "./door.js";

const byId = (id) => document.getElementById(id);
const SHOWN = {
  start: words.edit_start, end: words.edit_end, place: words.place, precision: words.precision, error_m: words.edit_error_m,
  lon: words.edit_lon, lat: words.edit_lat, weapons: words.weapons, killed: words.killed, injured: words.injured,
  status: words.status, description: words.description, claims: words.claims, sources: words.sources,
};

function element(kind, text, ...children) {
  const out = document.createElement(kind);
  if (text) out.textContent = text;
  out.append(...children);
  return out;
}

function plain(value) {
  if (value === undefined || value === null) return "–";
  if (Array.isArray(value)) return value.map((one) => (typeof one === "object" ? one.url ?? one.text ?? one.publisher ?? JSON.stringify(one) : one)).join("\n") || "–";
  if (typeof value === "object") return ["low", "best", "high"].map((bound) => value[bound] ?? "–").join(" / ");
  return String(value);
}

/* One row per field and one column per record, so that a difference stands beside what it differs from. */
function table(records) {
  const head = element("tr", "", element("th", words.review_field));
  for (const one of records) {
    const link = element("a", one.dataset);
    link.href = `/incidents/${one.id}?${spec.query}`;
    const cell = element("th", "", link);
    cell.scope = "col";
    head.append(cell);
  }
  const rows = Object.entries(SHOWN).filter(([name]) => records.some((one) => one.fields?.[name] !== undefined)).map(([name, text]) => {
    const label = element("th", text);
    label.scope = "row";
    return element("tr", "", label, ...records.map((one) => element("td", plain(one.fields?.[name]))));
  });
  const out = element("table", "", element("thead", "", head), element("tbody", "", ...rows));
  out.className = "pair";
  return out;
}

function reasons(pair) {
  const told = pair.reasons.map((one) => {
    const values = Object.entries(one.values).map(([name, value]) => `${name} ${value ?? "–"}`).join(", ");
    return element("li", `${words[`review_${one.code}`] ?? one.code}: +${one.points} (${values})`);
  });
  return element("ul", "", ...told);
}

function button(text, name, act) {
  const out = element("button", text);
  out.type = "button";
  out.setAttribute("aria-label", `${text}: ${name}`);
  out.addEventListener("click", act);
  return out;
}

async function send(address, body, done) {
  const reason = byId("reason").value.trim();
  const told = await ask("POST", address, { ...body, reason });
  if (!told) return byId("reason").focus();
  await load();
  say(done);
  byId("waiting-title").focus();
}

function article(pair, ...actions) {
  const name = pair.records.map((one) => one.dataset).join(" + ");
  const title = element("h3", `${name}, ${fill(words.review_score, { n: pair.score ?? "–" })}`);
  const address = `/api/reviews/${pair.id}`;
  const row = element("p", "", ...actions.map(([text, path, body, done]) => button(text, name, () => send(address + path, body, done))));
  row.className = "actions";
  return element("li", "", title, table(pair.records), reasons(pair), row);
}

async function load() {
  const told = await ask("GET", "/api/reviews");
  if (!told) return;
  const merge = [words.review_merge, "", { same: true }, words.review_merged];
  const part = [words.review_part, "", { same: false }, words.review_parted];
  const undo = [words.review_undo, "/undo", {}, words.review_undone];
  byId("waiting").replaceChildren(...told.pairs.map((pair) => article(pair, merge, part)));
  byId("decided").replaceChildren(
    ...told.decided.map((one) => {
      const item = article(one, undo);
      item.firstChild.textContent += `, ${one.is_same ? words.review_merged : words.review_parted} (${one.by})`;
      return item;
    }),
  );
  say(fill(words.review_count, { n: told.pending }));
}

readyToken();
byId("open").addEventListener("submit", (event) => {
  event.preventDefault();
  load();
});
if (spec.isPrivate || byId("token").value) await load();
document.documentElement.dataset.ready = "1";
