/* The theatre of a country in which a file's points lie, and that is not there yet. */
/** @import { ImportSpec, OpenTheatre, TheatreAdvice } from "./types.js" */
import { el } from "./dom.js";
import { fill } from "./format.js";
import { ask, showStatus } from "./workpage.js";

/* Processes are replaced one after another: the new theatre is there when all of them have it. */
const IN_A_ROW = 8;
const EVERY_MS = 250;
const MOST_MS = 90_000;

/** @param {string} slug */
async function isListed(slug) {
  try {
    const answer = await fetch("/api/theatres", { cache: "no-store" });
    /** @type {{ theatres: OpenTheatre[] }} */
    const { theatres } = await answer.json();
    return theatres.some((theatre) => theatre.slug === slug);
  } catch {
    return false; // it is just opening
  }
}

/**
 * Wait until the service has opened a theatre; false when that takes too long.
 * @param {() => Promise<boolean>} isThere asks the service
 */
export async function isOpened(isThere) {
  const end = Date.now() + MOST_MS;
  for (let times = 0; times < IN_A_ROW; ) {
    if (Date.now() > end) return false;
    await new Promise((done) => setTimeout(done, EVERY_MS));
    times = (await isThere()) ? times + 1 : 0;
  }
  return true;
}

/**
 * Offers an admin to add it; tells anybody else whom to ask.
 * @param {ImportSpec} spec
 * @param {TheatreAdvice} advice
 * @param {boolean} isAdmin
 * @param {(text: string, call: () => Promise<void>) => HTMLElement} button
 * @param {(added: OpenTheatre) => Promise<void>} use what to do once it is open
 */
export function missingTheatre(spec, advice, isAdmin, button, use) {
  const { lang, strings: words } = spec;
  const { theatre: slug, country } = advice;
  if (!slug || !country) return [];
  const name = {
    country: new Intl.DisplayNames([lang], { type: "region" }).of(country) ?? country,
  };
  const note = (/** @type {string} */ text) => el("span", { class: "note", text });
  const where = note(fill(words.import_no_theatre, name));
  if (!isAdmin) return [where, note(words.import_ask_admin)];
  const zones = advice.zones ?? Intl.supportedValuesOf("timeZone");
  const isSure = zones.length === 1;
  const options = zones.map((zone) => el("option", { value: zone, text: zone }));
  const unsaid = isSure ? [] : [el("option", { value: "", text: "–" })];
  const choice = el("select", {}, ...unsaid, ...options);
  const zone = isSure ? [] : [el("label", { text: `${words.import_zone} ` }, choice)];
  const add = button(fill(words.import_add_theatre, name), async () => {
    const languages = [...new Set(["en", lang])];
    /** @type {OpenTheatre | null} */
    const added = await ask("POST", "/api/theatres", {
      slug,
      country,
      languages,
      zone: choice.value,
    });
    if (!added) return;
    showStatus(words.import_theatre_opens);
    if (await isOpened(() => isListed(slug))) await use(added);
    else showStatus(words.import_theatre_waits);
  });
  return [where, ...zone, add];
}
