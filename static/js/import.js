/* The import page: send a file, read what would change, look at it on a map, commit or undo. */
import { el, number } from "./dom.js";
import { ask, clear, fill, headers, readyToken, refuse, say, spec, words } from "./door.js";
import { readyMapping, savedMapping, showMapping, shownMapping } from "./mapping.js";

const byId = (id) => document.getElementById(id);
const form = byId("upload"), file = byId("file"), drop = byId("drop"), progress = byId("progress");
const MOST_LISTED = 200, MEGABYTE = 1e6;
const UNMAPPED = ["/problems/unknown-format", "/problems/needs-mapping"];
const colour = (name) => getComputedStyle(byId("preview")).getPropertyValue(`--${name}`).trim();
const n = (value) => number(spec.lang, value);
let map = null, shown = null, busy = false;

function wait(isBusy) {
  busy = isBusy;
  for (const button of document.querySelectorAll("main button")) button.disabled = isBusy;
}

/* What was said in the form, without what was left empty. */
function query() {
  const told = new URLSearchParams();
  for (const [name, value] of new FormData(form)) if (typeof value === "string" && value.trim()) told.set(name, value.trim());
  return told;
}

/* Only this old way tells how much of a body was sent. */
function send(address, chosen, mapping) {
  return new Promise((done) => {
    const request = new XMLHttpRequest(), body = new FormData();
    if (mapping) body.append("mapping", mapping);
    body.append("file", chosen, chosen.name);
    request.open("POST", address);
    for (const [name, value] of Object.entries(headers())) request.setRequestHeader(name, value);
    request.responseType = "json";
    request.upload.addEventListener("progress", (event) => {
      progress.max = event.total;
      progress.value = event.loaded;
      const mb = (bytes) => `${n(Math.round(bytes / MEGABYTE * 10) / 10)} MB`;
      say(fill(words.import_progress, { n: mb(event.loaded), m: mb(event.total) }));
    });
    request.upload.addEventListener("load", () => {
      progress.removeAttribute("value");
      say(words.import_reading);
    });
    request.addEventListener("load", () => done({ ok: request.status === 200, told: request.response ?? {} }));
    for (const name of ["error", "abort", "timeout"]) request.addEventListener(name, () => done({ ok: false, told: {} }));
    request.send(body);
  });
}

function table(title, head, rows) {
  if (!rows.length) return [];
  const cells = (row) => el("tr", {}, ...row.map((cell, at) => el(at ? "td" : "th", { scope: at ? null : "row", text: String(cell) })));
  return [
    el("h2", { text: title }),
    el("div", { class: "wide", tabindex: "0", role: "region", "aria-label": title },
      el("table", {}, el("thead", {}, el("tr", {}, ...head.map((text) => el("th", { scope: "col", text })))), el("tbody", {}, ...rows.map(cells)))),
  ];
}

function fates(told) {
  const rows = ["rows", "added", "amended", "unchanged", "duplicates"].map((name) => [words["fate_" + name], n(told[name])]);
  for (const [reason, count] of Object.entries(told.dropped)) rows.push([`${words.fate_dropped}: ${reason}`, n(count)]);
  if (told.edits_kept) rows.push([words.fate_edits_kept, n(told.edits_kept)]);
  if (told.conflicts) rows.push([words.fate_conflicts, n(told.conflicts)]);
  rows.push([words.fate_rejected, n(told.rejected)]);
  if (told.vanish) rows.push([words.fate_vanish, n(told.vanish.records)], [words.fate_edits, n(told.vanish.edits)]);
  return rows;
}

function tell(told) {
  byId("about").textContent = `${fill(words.import_recognised, told)}; ${fill(words.import_into, told)}`;
  const listed = told.rejections.slice(0, MOST_LISTED), more = told.rejections.length - listed.length;
  const where = (one) => [[one.member, one.row || null].filter(Boolean).join(": ") || "–", one.field, one.got, one.why];
  byId("told").replaceChildren(
    ...table(words.fate, [words.fate, words.rows_count], fates(told)),
    ...(told.warnings.length ? [el("h2", { text: words.warnings }), el("ul", {}, ...told.warnings.map((text) => el("li", { text })))] : []),
    ...table(words.import_conflicts, [words.row, words.field, words.got, words.import_stands], told.conflicting.slice(0, MOST_LISTED).map(where)),
    ...table(words.rejections, [words.row, words.field, words.got, words.why_rejected], listed.map(where)),
    ...(more > 0 ? [el("p", { class: "note", text: fill(words.rejections_more, { n: n(more) }) })] : []),
    ...table(words.import_mapping, [words.their_column, words.our_field], Object.entries(told.mapping)),
  );
}

function makeMap() {
  const made = L.map("preview", { zoomControl: false, minZoom: 2, maxZoom: 16 });
  made.attributionControl.setPrefix(false);
  L.control.zoom({ zoomInTitle: words.zoom_in, zoomOutTitle: words.zoom_out }).addTo(made);
  const theatre = encodeURIComponent(form.elements.theatre.value);
  L.tileLayer(`/tiles/basemap/{z}/{x}/{y}.png?theatre=${theatre}`, { maxZoom: 16, attribution: "" }).addTo(made);
  return made;
}

function draw(preview) {
  map?.remove();
  map = makeMap();
  const renderer = L.canvas(), fates = Object.fromEntries(["add", "amend", "retract"].map((fate) => [fate, colour(fate)])), edge = colour("edge-of-marks");
  shown = L.geoJSON(preview.features.filter((one) => one.geometry), {
    renderer,
    pointToLayer: (one, place) => L.circleMarker(place, { renderer, radius: 5, weight: 1, color: edge, fillColor: fates[one.properties.fate], fillOpacity: .85 }),
    style: (one) => ({ weight: 1, color: fates[one.properties.fate], fillOpacity: .35 }),
    onEachFeature: (one, layer) => {
      const told = one.properties, lines = [words["fate_" + { add: "added", amend: "amended", retract: "vanish" }[told.fate]], told.day, told.place, told.source_key, told.controller, told.status];
      layer.bindPopup(() => el("div", {}, ...lines.filter(Boolean).map((text) => el("div", { text }))));
    },
  }).addTo(map);
  const bounds = shown.getBounds(), [west, south, east, north] = spec.bounds;
  map.fitBounds(bounds.isValid() ? bounds.pad(.1) : [[south, west], [north, east]], { maxZoom: 11, animate: false });
  const points = preview.features.filter((one) => one.geometry?.type === "Point").length, notes = [];
  if (preview.points) notes.push(fill(words.preview_points, { n: n(points), m: n(preview.points) }));
  if (preview.day) notes.push(fill(words.preview_day, { day: preview.day, n: n(preview.days) }));
  byId("preview-note").textContent = notes.join("; ") || words.preview_none;
}

function button(text, call) {
  return el("button", { type: "button", text, onclick: async () => {
    if (busy) return;
    wait(true);
    try {
      await call();
    } finally {
      wait(false);
    }
  } });
}

const address = (told) => `/api/imports/${told.id}`;

async function commit(told) {
  say(words.import_committing);
  const done = await ask("POST", `${address(told)}/commit`);
  if (!done) return;
  tell(done);
  const texts = [done.version ? fill(words.committed, { n: done.version }) : words.committed_nothing];
  if (done.planned_again) texts.push(words.planned_again);
  say(texts.join(" "));
  const isControl = Boolean(told.preview.day);
  const seen = `/?${new URLSearchParams({ theatre: form.elements.theatre.value, lang: spec.lang, [isControl ? "control" : "dataset"]: done.dataset })}`;
  byId("actions").replaceChildren(...(done.version ? [button(words.undo, () => undo(told)), el("a", { href: seen, text: words.see_on_map })] : []));
  byId("report").focus();
}

async function undo(told) {
  const done = await ask("DELETE", address(told));
  if (!done) return;
  byId("actions").replaceChildren();
  say(done.state === "forgotten" ? words.forgotten : fill(words.undone, { retracted: n(done.retracted), restored: n(done.restored), left: n(done.left_count) }));
  if (done.state === "forgotten") byId("report").hidden = true;
  (done.state === "forgotten" ? file : byId("report")).focus();
}

function plan(told) {
  byId("report").hidden = false;
  tell(told);
  byId("actions").replaceChildren(button(words.commit, () => commit(told)), button(words.forget, () => undo(told)));
  draw(told.preview);
  say(words.import_planned);
  byId("report").focus();
}

/* Send the chosen file somewhere; a refusal is shown and gives what was refused. */
async function sent(address, mapping) {
  clear();
  const [chosen] = file.files;
  if (!chosen) return { ok: false, told: refuse({ detail: words.choose_file_first }) ?? {} };
  wait(true);
  byId("report").hidden = true;
  progress.hidden = false;
  const answer = await send(address, chosen, mapping);
  progress.hidden = true;
  wait(false);
  if (!answer.ok) refuse(answer.told);
  return answer;
}

async function upload(mapping) {
  const told = query();
  told.set("dry_run", "true");
  const answer = await sent(`/api/imports?${told}`, mapping);
  if (answer.ok) return plan(answer.told);
  if (!mapping && UNMAPPED.includes(answer.told.type)) await propose(byId("problem").textContent);
}

/* Ask what the columns of a file could mean; `why` stays on the page, since it says what happened. */
async function propose(why = "") {
  const theatre = encodeURIComponent(form.elements.theatre.value);
  const { ok, told } = await sent(`/api/mappings?theatre=${theatre}`);
  if (!ok) return why && (byId("problem").textContent = why);
  showMapping(told);
  byId("problem").textContent = why;
  say(words.mapping_proposed);
  byId("mapping").focus();
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (!busy) upload(savedMapping());
});
readyMapping(() => !busy && upload(shownMapping()));
byId("ask-mapping").addEventListener("click", () => !busy && propose());
file.addEventListener("change", () => { byId("mapping").hidden = true; });
for (const name of ["dragenter", "dragover"]) drop.addEventListener(name, (event) => {
  event.preventDefault();
  drop.classList.add("over");
});
for (const name of ["dragleave", "drop"]) drop.addEventListener(name, (event) => {
  event.preventDefault();
  drop.classList.remove("over");
});
drop.addEventListener("drop", (event) => {
  if (!event.dataTransfer.files.length) return;
  file.files = event.dataTransfer.files;
  file.focus();
});
/* A file that misses its place must not replace the page. */
for (const name of ["dragover", "drop"]) window.addEventListener(name, (event) => event.preventDefault());
readyToken();
document.documentElement.dataset.ready = "1";
