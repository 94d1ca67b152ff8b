/* The page of theatres: which are open, what each opens on, and adding that of a country. */
/** @import { ChosenOpening, CountryPreview, ListedTheatre, TheatresSpec } from "./types.js" */
import { byId, debounce, el, jsonBlock } from "./dom.js";
import { dayText, fill, number } from "./format.js";
import { isOpened } from "./newtheatre.js";
import { makeNewest, messageOf, readJson, wasAborted } from "./request.js";
import { ask, ready, showProblem, showStatus } from "./workpage.js";

const LATER_MS = 150;
const MARGIN = 0.03;
/** @type {TheatresSpec} */
const spec = jsonBlock("spec");
const words = spec.strings;
const messages = byId("messages");
const opening = byId("opening", HTMLFormElement);
const search = byId("search", HTMLInputElement);
const list = byId("countries", HTMLSelectElement);
const country = byId("country", HTMLFormElement);
const collator = new Intl.Collator(spec.lang);
const opensOn = {
  datasets: byId("datasets", HTMLSelectElement),
  control: byId("control", HTMLSelectElement),
  from: byId("from", HTMLInputElement),
  to: byId("to", HTMLInputElement),
};
const newest = makeNewest();
const nameOf = (/** @type {string} */ code) =>
  spec.languages.find(([language]) => language === code)?.[1] ?? code;
/* Isolated, so that names of both directions stand in their order. */
const namesOf = (/** @type {string[]} */ codes) =>
  codes.map((code) => `\u2068${nameOf(code)}\u2069`).join(", ");
const titleOf = (/** @type {ListedTheatre} */ { name, slug }) => name[spec.lang] ?? name.en ?? slug;
/** @type {ListedTheatre[]} */
let theatres = [];
/** @type {ListedTheatre | null} */
let edited = null;
let isAdmin = false;
let isBusy = false;

/**
 * Do one thing at a time, and say how it went beside what was pressed.
 * @param {HTMLElement} place
 * @param {() => Promise<void>} work
 */
async function busy(place, work) {
  if (isBusy) return;
  isBusy = true;
  place.append(messages);
  try {
    await work();
  } finally {
    isBusy = false;
  }
}

/**
 * A choice of languages: the one that opens, and others.
 * @param {HTMLElement} place
 * @param {string[]} languages
 */
function languageFields(place, languages) {
  const options = spec.languages.map(([value, text]) =>
    el("option", { value, text, lang: value, selected: value === languages[0] }),
  );
  const first = el("label", { text: `${words.theatres_first} ` }, el("select", {}, ...options));
  const others = spec.languages.map(([value, text]) => {
    const box = el("input", { type: "checkbox", value, checked: languages.includes(value) });
    return el("label", { class: "layer" }, box, el("span", { lang: value, text }));
  });
  const legend = el("legend", { text: words.theatres_others });
  place.replaceChildren(first, el("fieldset", { class: "filters" }, legend, ...others));
}

/** @param {HTMLElement} place */
function chosenLanguages(place) {
  const first = place.querySelector("select")?.value ?? "en";
  /** @type {NodeListOf<HTMLInputElement>} */
  const boxes = place.querySelectorAll("input:checked");
  return [...new Set([first, ...[...boxes].map(({ value }) => value)])];
}

/** What a theatre opens on, in words. */
function openingText(/** @type {ChosenOpening} */ { datasets, control, from, to }) {
  const period = from && to ? `${dayText(spec.lang, from)} – ${dayText(spec.lang, to)}` : "";
  const parts = [datasets.join(", "), control, period].filter(Boolean);
  return parts.join("; ") || words.theatres_newest;
}

/** @param {ListedTheatre} theatre */
function row(theatre) {
  const lang = theatre.languages.includes(spec.lang) ? spec.lang : theatre.languages[0];
  const name = titleOf(theatre);
  const href = `/?${new URLSearchParams({ theatre: theatre.slug, lang })}`;
  const change = el("button", {
    type: "button",
    text: words.theatres_change,
    "aria-label": `${words.theatres_change}: ${fill(words.theatres_opening, { name })}`,
    onclick: () => edit(theatre),
  });
  const opens = el("td", {}, el("bdi", { text: openingText(theatre.opening) }), " ");
  if (isAdmin) opens.append(change);
  const head = el("th", { scope: "row" }, el("a", { href, text: name }), ` (${theatre.slug})`);
  const zone = el("bdi", { dir: "ltr", text: theatre.zone });
  const languages = namesOf(theatre.languages);
  return el(
    "tr",
    {},
    head,
    opens,
    el("td", { text: languages }),
    el("td", { text: theatre.countries.join(", ") }),
    el("td", {}, zone),
  );
}

async function showTheatres() {
  ({ theatres } = await readJson("/api/theatres"));
  const body = byId("open", HTMLTableElement).tBodies[0];
  body.replaceChildren(...theatres.map(row));
}

/**
 * Wait until the list has a theatre as it was just written; false when that takes too long.
 * @param {(theatre: ListedTheatre) => boolean} isWritten
 */
const isListed = (isWritten) =>
  isOpened(async () => {
    try {
      await showTheatres();
    } catch {
      return false; // it is just opening
    }
    return theatres.some(isWritten);
  });

/** @param {ListedTheatre} theatre */
function edit(theatre) {
  edited = theatre;
  const { datasets, control, from, to } = theatre.opening;
  const text = fill(words.theatres_opening, { name: titleOf(theatre) });
  byId("opening-title").textContent = text;
  const option = (/** @type {string} */ value, /** @type {boolean} */ selected) =>
    el("option", { value, text: value || "–", selected });
  opensOn.datasets.replaceChildren(
    ...theatre.datasets.map((slug) => option(slug, datasets.includes(slug))),
  );
  opensOn.control.replaceChildren(
    ...["", ...theatre.controls].map((slug) => option(slug, slug === control)),
  );
  opensOn.from.value = from ?? "";
  opensOn.to.value = to ?? "";
  languageFields(byId("opening-languages"), theatre.languages);
  opening.append(messages);
  showStatus("");
  showProblem("");
  opening.hidden = false;
  opening.focus();
}

/** @param {object} document */
const save = (document) =>
  busy(opening, async () => {
    if (!edited) return;
    /** @type {{ slug: string, opening: ChosenOpening } | null} */
    const done = await ask("PUT", `/api/theatres/${edited.slug}/opening`, document);
    if (!done) return;
    showStatus(words.theatres_saved);
    const after = JSON.stringify(done.opening);
    const isSaved = (/** @type {ListedTheatre} */ { slug, opening: now }) =>
      slug === done.slug && JSON.stringify(now) === after;
    if (await isListed(isSaved)) showStatus(words.theatres_in_force);
    else showStatus(words.theatres_waits);
  });

/** Letters without case and accents, so that "sao tome" finds "São Tomé". */
const plain = (/** @type {string} */ text) =>
  text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();

function filter() {
  const letters = plain(search.value.trim());
  const before = list.value;
  const rows = spec.countries.filter(([code, ...names]) =>
    [code, names[0], names[1]].some((text) => plain(text).includes(letters)),
  );
  const isCode = (/** @type {string} */ code) => plain(code) === letters;
  const rank = (/** @type {string[]} */ [code, name]) =>
    isCode(code) ? 0 : plain(name).startsWith(letters) ? 1 : 2;
  if (letters) rows.sort((one, other) => rank(one) - rank(other) || byName(one, other));
  const options = rows.map(([code, name, , theatre]) => {
    const text = theatre ? fill(words.theatres_there, { name, code }) : `${name} (${code})`;
    return el("option", { value: code, text, selected: code === before });
  });
  list.replaceChildren(...options);
  const n = number(spec.lang, rows.length);
  byId("found").textContent = rows.length
    ? fill(words.theatres_found, { n })
    : words.theatres_none_found;
}

/**
 * @param {string[]} one
 * @param {string[]} other
 */
function byName([, one], [, other]) {
  return collator.compare(one, other);
}

/** The edges of a country's regions, north up; near enough to know the country by. */
function drawOutline(/** @type {CountryPreview} */ { bounds, outline }) {
  const [west, south, east, north] = bounds;
  const across = Math.cos((((south + north) / 2) * Math.PI) / 180);
  const place = (/** @type {number[]} */ [lon, lat]) =>
    `${((lon - west) * across).toFixed(3)} ${(north - lat).toFixed(3)}`;
  const path = outline.map((ring) => `M${ring.map(place).join("L")}Z`).join("");
  const [width, height] = [(east - west) * across, north - south];
  const edge = Math.max(width, height) * MARGIN;
  const box = [-edge, -edge, width + 2 * edge, height + 2 * edge];
  document.querySelector("#outline")?.setAttribute("viewBox", box.join(" "));
  document.querySelector("#outline path")?.setAttribute("d", path);
}

/** @param {CountryPreview} preview */
function showDerived(preview) {
  const { name, regions, region_languages: languages, zones, bounds } = preview;
  const n = number(spec.lang, regions);
  const other = spec.lang === "en" ? [] : [name.en];
  const facts = [
    [words.theatres_name, [name[spec.lang], ...other].join(" – ")],
    [
      words.theatres_regions,
      fill(words.theatres_regions_named, { n, languages: namesOf(languages) }),
    ],
    [words.import_zone, zones.length === 1 ? zones[0] : words.theatres_choose],
    [words.theatres_box, bounds.join(", ")],
    [words.theatres_parties, words.theatres_no_parties],
  ];
  byId("derived").replaceChildren(
    ...facts.flatMap(([term, text]) => [
      el("dt", { text: term }),
      el("dd", {}, el("bdi", { text })),
    ]),
  );
}

/** What reference data cannot decide, with the command for it. */
function showByHand(/** @type {string} */ slug) {
  const code = (/** @type {string} */ text) => el("code", { dir: "ltr", text });
  const file = `${slug}.toml`;
  byId("by-hand").replaceChildren(
    el(
      "li",
      {},
      words.theatres_by_hand_parties,
      " ",
      code(`strikemap theatre show ${slug} > ${file}`),
    ),
    el("li", {}, words.theatres_by_hand_put, " ", code(`strikemap theatre put ${file}`)),
    el(
      "li",
      {},
      words.theatres_by_hand_regions,
      " ",
      code(`strikemap regions import FILE --theatre ${slug}`),
    ),
  );
}

/** @param {CountryPreview} preview */
function showCountry(preview) {
  const name = preview.name[spec.lang];
  byId("country-title").textContent = `${name} (${preview.code})`;
  drawOutline(preview);
  showDerived(preview);
  showByHand(preview.theatre || preview.slug);
  const fields = byId("new");
  if (preview.theatre) {
    fields.replaceChildren();
    const text = fill(words.theatres_has, { country: name, theatre: preview.theatre });
    byId("add").replaceChildren(el("span", { text }));
  } else offer(preview, fields);

  country.hidden = false;
}

/**
 * @param {CountryPreview} preview
 * @param {HTMLElement} fields
 */
function offer(preview, fields) {
  const pattern = "[a-z0-9]+(-[a-z0-9]+)*";
  const slug = el("input", {
    id: "slug",
    value: preview.slug,
    required: true,
    pattern,
    dir: "ltr",
  });
  const zones = preview.zones.length ? preview.zones : Intl.supportedValuesOf("timeZone");
  const choices = zones.map((zone) => el("option", { value: zone, text: zone }));
  const unsaid = zones.length > 1 ? [el("option", { value: "", text: "–" })] : [];
  const zone = el("select", { id: "zone", required: true }, ...unsaid, ...choices);
  const languages = el("div", { id: "new-languages", class: "fields" });
  languageFields(languages, [...new Set([spec.lang, "en"])]);
  fields.replaceChildren(
    el("label", { text: `${words.theatres_slug} ` }, slug),
    el("label", { text: `${words.import_zone} ` }, zone),
    languages,
  );
  const text = fill(words.import_add_theatre, { country: preview.name[spec.lang] });
  byId("add").replaceChildren(el("button", { type: "submit", text }));
  country.onsubmit = (event) => {
    event.preventDefault();
    const order = {
      slug: slug.value.trim(),
      country: preview.code,
      zone: zone.value,
      languages: chosenLanguages(languages),
    };
    void busy(country, () => add(order, preview));
  };
}

/**
 * @param {{ slug: string, country: string, zone: string, languages: string[] }} order
 * @param {CountryPreview} preview
 */
async function add(order, preview) {
  if (!(await ask("POST", "/api/theatres", order))) return;
  showStatus(words.import_theatre_opens);
  const { slug, country: code, languages } = order;
  if (!(await isListed((theatre) => theatre.slug === slug))) {
    showStatus(words.import_theatre_waits);
    return;
  }
  const theatre = spec.countries.find(([one]) => one === code);
  if (theatre) theatre[3] = slug;
  filter();
  showStatus(fill(words.theatres_added, { name: preview.name[spec.lang] }));
  const lang = languages.includes(spec.lang) ? spec.lang : languages[0];
  const query = new URLSearchParams({ theatre: slug, lang });
  byId("new").replaceChildren();
  byId("add").replaceChildren(
    el("a", { href: `/?${query}`, text: words.see_on_map }),
    " ",
    el("a", { href: `/import?${query}`, text: words.import_title }),
  );
  showByHand(slug);
  country.focus();
}

async function choose() {
  const signal = newest();
  if (!list.value) return;
  messages.remove();
  country.append(messages);
  showStatus("");
  showProblem("");
  try {
    showCountry(await readJson(`/api/countries/${list.value}`, signal));
  } catch (wrong) {
    if (!wasAborted(wrong)) showProblem(messageOf(wrong));
  }
}

spec.countries.sort(byName);
search.addEventListener("input", filter);
list.addEventListener("change", debounce(LATER_MS, choose));
byId("find").addEventListener("submit", (event) => {
  event.preventDefault();
  if (!list.options.length) return;
  list.selectedIndex = 0;
  list.focus();
  void choose();
});
opening.addEventListener("submit", (event) => {
  event.preventDefault();
  const languages = chosenLanguages(byId("opening-languages"));
  const { datasets, control, from, to } = opensOn;
  void save({
    datasets: [...datasets.selectedOptions].map(({ value }) => value),
    control: control.value,
    from: from.value,
    to: to.value,
    languages,
  });
});
byId("reset").addEventListener("click", () => save({}));
const session = await ready();
isAdmin = spec.isPrivate || session?.role === "admin";
byId("adding").hidden = !isAdmin;
byId("no-admin").hidden = isAdmin;
filter();
try {
  await showTheatres();
} catch (wrong) {
  showProblem(messageOf(wrong));
}
document.documentElement.dataset.ready = "1";
