/* Everything to put this map into a report: link, frame, picture, tiles, citation; pinned unless
   the reader says otherwise. */
/** @import { MapContext } from "./types.js" */
import { el } from "./dom.js";
import { dayText, fill } from "./format.js";
import { FRAME_HEIGHT, makeFraming } from "./framing.js";
import { noteAt, pointAt } from "./pointing.js";

/** The named sizes of a figure, and its forms (docs/api.md, "Figures"). */
const SIZES = ["card", "column", "a4", "slide"];
const FORMS = ["png", "svg", "pdf"];
const COPIED_MS = 2000;
/** For the page around a frame: it takes the height that its own frame asks for, and no other. */
const RESIZE = [
  '<script>addEventListener("message", (event) => { ',
  'for (const frame of document.querySelectorAll("iframe")) ',
  'if (event.source === frame.contentWindow && event.data?.type === "strikemap:height") ',
  "frame.height = Math.min(4000, Number(event.data.height) || frame.height); });</script>",
].join("");

const quoted = (/** @type {string} */ text) =>
  text.replace(/&/g, "&amp;").replace(/"/g, "&quot;").replace(/</g, "&lt;");

/**
 * Make the dialog; the answer opens it.
 * @param {MapContext} context
 * @param {() => string[] | undefined} credits those of the newest summary
 */
export function makeSharing(context, credits) {
  const { state, spec, words, language, map } = context;
  const pinned = el("input", { type: "checkbox", checked: true, onchange: refresh });
  const framing = makeFraming(context, embedAddress, fillIn);
  const choice = (/** @type {string} */ name, /** @type {string[][]} */ options) => {
    const rows = options.map(([value, text]) => el("option", { value, text }));
    return el("select", { "aria-label": words[name], onchange: fillIn }, ...rows);
  };
  const size = choice(
    "picture_size",
    SIZES.map((name) => [name, words[`picture_${name}`]]),
  );
  const form = choice(
    "picture_form",
    FORMS.map((name) => [name, name.toUpperCase()]),
  );
  const picture = el("a", { target: "_blank", rel: "noopener", text: words.picture_open });
  /** The texts of the picture: a title, a sentence below it, and a label with its place. */
  const texts = {
    title: textField("title", 200),
    subtitle: textField("subtitle", 300),
    label: textField("label", 60),
  };
  let place = "";
  const pointed = el("span", { class: "note", role: "status" });
  const pointButton = el("button", {
    type: "button",
    class: "step",
    text: words.share_point,
    onclick: point,
  });
  const fields = {
    link: field("share_link"),
    iframe: field("share_iframe", true),
    picture: field("share_picture"),
    resize: field("share_resize", true),
    tiles: field("share_tiles"),
    oembed: field("share_oembed"),
    citation: field("share_citation", true),
  };
  const close = el("button", {
    type: "button",
    class: "close",
    "aria-label": words.close,
    text: "×",
    onclick: () => dialog.close(),
  });
  const frameRows = [fields.iframe, fields.resize, fields.oembed].map(({ row }) => row);
  const part = (/** @type {string} */ name, /** @type {Node[]} */ ...nodes) =>
    el("section", {}, el("h3", { text: words[name] }), ...nodes);
  const warning = (/** @type {string} */ text) => el("p", { class: "warning", text });
  const dialog = el(
    "dialog",
    { class: "share", "aria-labelledby": "share-title" },
    el(
      "div",
      { class: "incident-head" },
      el("h2", { id: "share-title", text: words.share_title }),
      close,
    ),
    spec.isPrivate ? warning(words.share_private) : null,
    spec.mayEmbed ? null : warning(words.share_no_embed),
    el("label", { class: "layer" }, pinned, el("span", { text: words.share_pin })),
    el("p", { class: "note", text: words.share_pin_note }),
    fields.link.row,
    fields.citation.row,
    part(
      "share_figure",
      texts.title.row,
      texts.subtitle.row,
      texts.label.row,
      el("p", {}, pointButton, " ", pointed),
      el("p", {}, size, " ", form, " ", picture),
      fields.picture.row,
    ),
    spec.mayEmbed ? part("share_frame", framing.node, ...frameRows) : null,
    part("share_map", fields.tiles.row),
  );
  dialog.addEventListener("close", framing.clear);
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
  document.body.append(dialog);

  /**
   * @param {string} name
   * @param {boolean} [isLong]
   */
  function field(name, isLong = false) {
    const options = { id: name, readonly: true, spellcheck: "false", onfocus: () => text.select() };
    /** @type {HTMLInputElement | HTMLTextAreaElement} */
    const text = isLong ? el("textarea", { ...options, rows: 3 }) : el("input", options);
    const button = el("button", {
      type: "button",
      class: "step",
      text: words.copy,
      "aria-label": `${words.copy}: ${words[name]}`,
      onclick: () => copy(text, button),
    });
    const label = el("label", { for: name, text: words[name] });
    return { text, row: el("div", { class: "share-row" }, label, text, button) };
  }

  /**
   * @param {string} name
   * @param {number} maxlength
   */
  function textField(name, maxlength) {
    const id = `share_text_${name}`;
    const text = el("input", { id, maxlength, oninput: fillIn });
    const label = el("label", { for: id, text: words["share_text_" + name] });
    return { text, row: el("div", { class: "share-row own" }, label, text) };
  }

  /** Close the dialog until a place of the map is pointed at. */
  function point() {
    dialog.close();
    const help = el("p", { class: "pointing-help", role: "status", text: words.share_point_help });
    map.getContainer().append(help);
    pointAt(map, (at) => {
      help.remove();
      if (at) place = noteAt(at);
      dialog.showModal();
      refresh();
      (at ? texts.label.text : pointButton).focus();
    });
  }

  /** The texts of the picture as its parameters; a label without a place is not drawn. */
  function pictureTexts() {
    const [title, subtitle, label] = [texts.title, texts.subtitle, texts.label].map(({ text }) =>
      text.value.trim(),
    );
    pointed.textContent = label && !place ? words.share_point_needed : place && words.share_pointed;
    const own = { title, subtitle, notes: label && place ? `${place}, ${label}` : "" };
    return Object.entries(own).filter(([, text]) => text);
  }

  /**
   * @param {HTMLInputElement | HTMLTextAreaElement} text
   * @param {HTMLButtonElement} button
   */
  async function copy(text, button) {
    try {
      await navigator.clipboard.writeText(text.value);
    } catch {
      text.select(); // where the clipboard is closed to pages, the reader copies by hand
      return;
    }
    button.textContent = words.copied;
    setTimeout(() => (button.textContent = words.copy), COPIED_MS);
  }

  const pinnedQuery = (own = {}) =>
    state.query({ as_of: (pinned.checked && spec.asOf) || "", ...own });

  function embedAddress(/** @type {Record<string, string>} */ own) {
    return `${location.origin}/embed?${pinnedQuery(own)}${location.hash}`;
  }

  function refresh() {
    fillIn();
    if (spec.mayEmbed) framing.show();
  }

  function fillIn() {
    const query = pinnedQuery();
    const { origin, hash } = location;
    const { title } = document;
    const link = `${origin}/?${query}${hash}`;
    const embed = embedAddress(framing.own());
    const day = (/** @type {string} */ name) =>
      state.get(name) ? dayText(language, state.get(name)) : "–";
    const instant = spec.asOf ? spec.asOf.replace("T", " ").slice(0, 19) + " UTC" : "–";
    const citation = {
      title,
      from: day("from"),
      to: day("to"),
      as_of: instant,
      hash: spec.head,
      url: link,
      sources: credits()?.join("; ") || spec.shownDatasets.join(", "),
    };
    const frame = [
      `<iframe src="${quoted(embed)}" title="${quoted(title)}"`,
      `width="100%" height="${FRAME_HEIGHT}"`,
      'sandbox="allow-scripts allow-popups" loading="lazy"></iframe>',
    ];
    fields.link.text.value = link;
    fields.iframe.text.value = frame.join(" ");
    fields.resize.text.value = RESIZE;
    const own = new URLSearchParams([["size", size.value], ...pictureTexts()]);
    picture.href = `${origin}/figure.${form.value}?${query}&${own}`;
    fields.picture.text.value = picture.href;
    fields.tiles.text.value = `${origin}/tiles/map/{z}/{x}/{y}.png?${query}`;
    const [url] = embed.split("#");
    fields.oembed.text.value = `${origin}/oembed?${new URLSearchParams({ url })}`;
    fields.citation.text.value = fill(words.citation, citation);
  }

  return () => {
    dialog.showModal();
    refresh();
  };
}
