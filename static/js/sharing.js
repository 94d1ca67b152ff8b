/* Everything to put this map into a report: link, frame, picture, tiles, citation; pinned unless
   the reader says otherwise. */
/** @import { MapContext } from "./types.js" */
import { el } from "./dom.js";
import { dayText, fill } from "./format.js";

const FRAME = { width: 900, height: 640 };
const PICTURE = { width: "1200", height: "630", scale: "2" };
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
export function makeSharing({ state, spec, words, language }, credits) {
  const pinned = el("input", { type: "checkbox", checked: true, onchange: fillIn });
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
    ...Object.values(fields).map(({ row }) => row),
  );
  if (!spec.mayEmbed)
    for (const { row } of [fields.iframe, fields.resize, fields.oembed]) row.hidden = true;
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

  function fillIn() {
    const query = state.query({ as_of: (pinned.checked && spec.asOf) || "" });
    const { origin, hash } = location;
    const { title } = document;
    const link = `${origin}/?${query}${hash}`;
    const embed = `${origin}/embed?${query}`;
    const picture = new URLSearchParams(PICTURE);
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
      `<iframe src="${quoted(embed + hash)}" title="${quoted(title)}"`,
      `width="${FRAME.width}" height="${FRAME.height}"`,
      'sandbox="allow-scripts allow-popups" loading="lazy"></iframe>',
    ];
    fields.link.text.value = link;
    fields.iframe.text.value = frame.join(" ");
    fields.resize.text.value = RESIZE;
    fields.picture.text.value = `${origin}/figure.png?${query}&${picture}`;
    fields.tiles.text.value = `${origin}/tiles/map/{z}/{x}/{y}.png?${query}`;
    fields.oembed.text.value = `${origin}/oembed?${new URLSearchParams({ url: embed })}`;
    fields.citation.text.value = fill(words.citation, citation);
  }

  return () => {
    fillIn();
    dialog.showModal();
  };
}
