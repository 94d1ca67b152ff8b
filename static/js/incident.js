/* One incident as a dialog: every claim and source beside it, all as text. */
import { countText, dayText, el, fill, lengthText, number, readJson } from "./dom.js";

/* Only web links become links; whatever else stands in a source is shown as text. */
function link(url, text) {
  let safe = false;
  try {
    safe = ["http:", "https:"].includes(new URL(url).protocol);
  } catch {
    safe = false;
  }
  return safe ? el("a", { href: url, rel: "noopener noreferrer nofollow", target: "_blank", text }) : document.createTextNode(text);
}

/* What one source gives for the place on the incident's own day, with the snapshot's age. */
export function groundText(one, context) {
  const { words, language, spec } = context, n = (value) => number(language, value);
  const party = (code) => spec.theatre.parties.find((known) => known.code === code)?.name ?? code;
  const status = one.status === null ? words.control_no_point : fill(words["control_" + one.status], { party: party(one.controller) });
  const parts = [fill(words.ground_status, { source: one.name, status })];
  if (one.distance_km !== null) parts.push(fill(words.ground_line, { km: n(one.distance_km) }));
  const shares = Object.entries(one.shares ?? {}).map(([who, share]) => `${who === "not_stated" ? words.nobody_states : party(who)} ${n(Math.round(share * 100))} %`);
  if (shares.length) parts.push(fill(words.ground_shares, { shares: shares.join(", ") }));
  parts.push(one.age_days ? fill(one.age_days === 1 ? words.ground_age_one : words.ground_age, { n: n(one.age_days) }) : words.control_today);
  return parts.join("; ");
}

export function incidentBody(feature, context) {
  const { words, language, spec } = context, told = feature.properties;
  const label = (pairs, code) => pairs.find(([one]) => one === code)?.[1] ?? code;
  const rows = [];
  const say = (name, ...content) => rows.push(el("dt", { text: words[name] }), el("dd", {}, ...content));
  const text = (value) => document.createTextNode(value);
  /* A text, or in the reader's language why it is not shown. */
  const open = (name) => (told[name] && told[name] === `redacted: ${told.redacted[name]}` ? fill(words.redacted, { reason: words["redaction_" + told.redacted[name]] }) : told[name]);

  const day = (value) => dayText(language, value.slice(0, 10));
  const when = told.start ? day(told.start) + (told.end && told.end.slice(0, 10) !== told.start.slice(0, 10) ? " – " + day(told.end) : "") : words.unknown;
  say("date", text(when + (told.when_text ? ` (${open("when_text")})` : "")));
  say("place", text(open("place") || words.not_stated));
  const region = told.region;
  say("region", text(`${region.name || region.admin1 || words.region_none} (${words["region_" + region.how]}${region.near_border ? "; " + words.near_border : ""})`));
  const within = told.error_m === null || !feature.geometry ? "" : ", " + fill(words.within, { m: lengthText(language, told.error_m) });
  say("precision", text(words["precision_" + told.precision] + within));
  say("killed", text(countText(words, language, told.killed)));
  say("injured", text(countText(words, language, told.injured)));
  say("damage", told.damage.length
    ? el("ul", {}, ...told.damage.map((one) => el("li", { text: `${label(spec.sectors, one.sector)}${one.object_kind ? ": " + one.object_kind : ""}${one.name ? " " + one.name : ""} – ${words["grade_" + (one.grade || "unknown")]}` })))
    : text(words.not_stated));
  say("weapons", text(told.weapons.map((code) => label(spec.weapons, code)).join(", ") || words.not_stated));
  if (told.mechanism !== "unknown") say("mechanism", text(words["mechanism_" + told.mechanism]));
  if (told.attributed_to) {
    const party = spec.theatre.parties.find((one) => one.code === told.attributed_to.party)?.name ?? told.attributed_to.party;
    say("attributed_to", text(`${party} (${words["confidence_" + told.attributed_to.confidence]})`));
  }
  say("status", text(words["status_" + told.status]));
  if (told.control.length) say("ground_here", el("ul", {}, ...told.control.map((one) => el("li", { text: groundText(one, context) }))));
  if (told.claims.length) say("claims", el("ul", {}, ...told.claims.map((one) => el("li", { text: fill(words.says, one) }))));
  else if (told.redacted.claims) say("claims", text(fill(words.redacted, { reason: words["redaction_" + told.redacted.claims] })));
  say("sources", told.sources.length
    ? el("ul", {}, ...told.sources.map((one) => el("li", {}, one.url ? link(one.url, one.publisher || one.url) : text(one.publisher || words.not_stated), one.published ? text(`, ${dayText(language, one.published)}`) : null)))
    : text(words.no_source));
  if (told.description) say("description", text(open("description")));
  say("dataset", text(told.dataset));
  return el("div", {}, told.graphic ? el("p", { class: "note", text: words.graphic }) : null, el("dl", { class: "record" }, ...rows),
    told.merged_with?.length ? beside(told, context) : "", spec.isSaved ? "" : pastOf(told, context),
    spec.isSaved ? null : el("p", {}, el("a", { href: `/incidents/${told.id}?${context.state.query()}`, text: words.open_record })));
}

/* What other datasets say of the same strike, each in its own figures. */
function beside(told, context) {
  const { words, language } = context, cell = (count) => el("td", { text: countText(words, language, count) });
  const rows = [{ ...told, dataset: `${told.dataset} (${words.this_record})` }, ...told.merged_with];
  return el("section", {}, el("h3", { text: words.claims_beside }),
    el("table", {}, el("thead", {}, el("tr", {}, ...["dataset", "killed", "injured"].map((name) => el("th", { scope: "col", text: words[name] })))),
      el("tbody", {}, ...rows.map((one) => el("tr", {}, el("th", { scope: "row", text: one.dataset + (one.same_upstream ? ` – ${words.review_same_upstream}` : "") }), cell(one.killed), cell(one.injured))))));
}

/* When the record was written and changed; read when a reader opens it. */
function pastOf(told, context) {
  const { words, language, state } = context, list = el("ol"), box = el("details", { class: "past" }, el("summary", { text: words.history_of }), list);
  box.addEventListener("toggle", async () => {
    if (!box.open || list.childElementCount) return;
    try {
      const { revisions } = await readJson(`/api/incidents/${told.id}/history?${state.query()}`);
      list.replaceChildren(...revisions.map((one) => {
        const parts = [fill(words.history_line, { date: dayText(language, one.recorded_at.slice(0, 10)), action: words[`action_${one.action}`] ?? one.action })];
        if (one.changed) parts.push(fill(words.history_changed, { fields: one.changed }));
        if (one.reason) parts.push(one.reason);
        return el("li", { text: parts.join("; ") });
      }));
    } catch (wrong) {
      list.replaceChildren(el("li", { text: wrong.message }));
    }
  });
  return box;
}

export function makeDialog(context) {
  const { words } = context;
  const title = el("h2", { id: "incident-title" }), body = el("div", { class: "incident-body" });
  const close = el("button", { type: "button", class: "close", "aria-label": words.close, text: "×" });
  const steps = el("div", { class: "incident-steps" });
  const dialog = el("section", { class: "incident-box", role: "dialog", "aria-labelledby": "incident-title", hidden: true }, el("div", { class: "incident-head" }, title, close), steps, body);
  let back = null;

  function shut() {
    dialog.hidden = true;
    context.closed();
    // A list that was read anew meanwhile has another button of the same record.
    const record = back?.isConnected === false && `.incident[data-number="${back.dataset.number}"]`;
    (record ? document.querySelector(record) : back)?.focus?.({ preventScroll: true });
  }
  close.addEventListener("click", shut);
  dialog.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      event.stopPropagation();
      shut();
    }
  });
  return {
    dialog,
    shut,
    /* What the box covers of the map, from the right and from below: on a phone it lies along the bottom. */
    covers() {
      const map = context.map.getContainer(), isBeside = dialog.offsetWidth < map.offsetWidth * 0.7;
      return isBeside ? [dialog.offsetWidth + 40, 60] : [20, Math.max(60, map.getBoundingClientRect().bottom - dialog.getBoundingClientRect().top + 20)];
    },
    show(feature, { at, of, go, from }) {
      if (from) back = from;
      const told = feature.properties;
      title.textContent = (told.redacted.place ? "" : told.place) || told.region.name || words.incident;
      steps.replaceChildren();
      if (of > 1) {
        steps.append(
          el("button", { type: "button", class: "step", text: words.previous, disabled: at === 0, onclick: () => go(at - 1) }),
          el("span", { text: fill(words.here, { i: at + 1, n: of }) }),
          el("button", { type: "button", class: "step", text: words.next, disabled: at === of - 1, onclick: () => go(at + 1) }),
        );
      }
      body.replaceChildren(feature.body ?? incidentBody(feature, context));
      dialog.hidden = false;
      dialog.scrollTop = 0;
      close.focus({ preventScroll: true });
    },
  };
}
