/* Everything to put this map into a report: link, frame, picture, tiles, citation; pinned by default. */
import { dayText, el, fill } from "./dom.js";

const FRAME = { width: 900, height: 640 }, PICTURE = { width: 1200, height: 630, scale: 2 }, SAID_MS = 2000;
/* For the page around a frame: it takes the height that its own frame asks for, and no other message. */
const RESIZE = `<script>addEventListener("message", (event) => { for (const frame of document.querySelectorAll("iframe")) if (event.source === frame.contentWindow && event.data?.type === "strikemap:height") frame.height = Math.min(4000, Number(event.data.height) || frame.height); });</script>`;

export function makeShare(context) {
  const { state, spec, words, language } = context;
  const pinned = el("input", { type: "checkbox", checked: true, onchange: () => show() });
  const fields = {
    link: field("share_link"), iframe: field("share_iframe"), picture: field("share_picture"),
    resize: field("share_resize"), tiles: field("share_tiles"), oembed: field("share_oembed"), citation: field("share_citation"),
  };
  const close = el("button", { type: "button", class: "close", "aria-label": words.close, text: "×", onclick: () => dialog.close() });
  const dialog = el("dialog", { class: "share", "aria-labelledby": "share-title" },
    el("div", { class: "incident-head" }, el("h2", { id: "share-title", text: words.share_title }), close),
    spec.isPrivate ? el("p", { class: "warning", text: words.share_private }) : null,
    spec.mayEmbed ? null : el("p", { class: "warning", text: words.share_no_embed }),
    el("label", { class: "layer" }, pinned, el("span", { text: words.share_pin })),
    el("p", { class: "note", text: words.share_pin_note }),
    ...Object.values(fields).map((one) => one.row));
  if (!spec.mayEmbed) for (const name of ["iframe", "resize", "oembed"]) fields[name].row.hidden = true;
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  document.body.append(dialog);

  function field(name) {
    const isLong = ["share_citation", "share_iframe", "share_resize"].includes(name);
    const text = el(isLong ? "textarea" : "input", { id: name, readonly: true, rows: isLong ? 3 : null, spellcheck: "false", onfocus: (event) => event.target.select() });
    const button = el("button", { type: "button", class: "step", text: words.copy, "aria-label": `${words.copy}: ${words[name]}`, onclick: () => copy(text, button) });
    return { text, row: el("div", { class: "share-row" }, el("label", { for: name, text: words[name] }), text, button) };
  }

  async function copy(text, button) {
    try {
      await navigator.clipboard.writeText(text.value);
    } catch {
      text.select(); // where the clipboard is closed to pages, the reader copies by hand
      return;
    }
    button.textContent = words.copied;
    setTimeout(() => (button.textContent = words.copy), SAID_MS);
  }

  function show() {
    const isPinned = pinned.checked && spec.asOf, query = state.query({ as_of: isPinned ? spec.asOf : "" });
    const here = location.origin, hash = location.hash, title = document.title;
    const set = (name, value) => (fields[name].text.value = value);
    const quoted = (text) => text.replace(/&/g, "&amp;").replace(/"/g, "&quot;").replace(/</g, "&lt;");
    const link = `${here}/?${query}${hash}`, embed = `${here}/embed?${query}${hash}`;
    set("link", link);
    set("iframe", `<iframe src="${quoted(embed)}" title="${quoted(title)}" width="${FRAME.width}" height="${FRAME.height}" sandbox="allow-scripts allow-popups" loading="lazy"></iframe>`);
    set("resize", RESIZE);
    set("picture", `${here}/figure.png?${query}&${new URLSearchParams(PICTURE)}`);
    set("tiles", `${here}/tiles/map/{z}/{x}/{y}.png?${query}`);
    set("oembed", `${here}/oembed?${new URLSearchParams({ url: `${here}/embed?${query}` })}`);
    const day = (value) => (value ? dayText(language, value) : "–"), asOf = spec.asOf ? spec.asOf.replace("T", " ").slice(0, 19) + " UTC" : "–";
    set("citation", fill(words.citation, { title, sources: context.credits?.join("; ") || spec.shownDatasets.join(", "), from: day(state.get("from")), to: day(state.get("to")), as_of: asOf, hash: spec.head, url: link }));
  }

  return el("button", { type: "button", class: "share-button", text: words.share, "aria-haspopup": "dialog", onclick: () => { show(); dialog.showModal(); } });
}
