/* A frame as it will look in another page, live, at the widths that it will have there. */
/** @import { MapContext } from "./types.js" */
import { el } from "./dom.js";
import { fill, number } from "./format.js";

export const FRAME_HEIGHT = 640;
/** A column of text, the full width of a wide page, and a phone. */
const WIDTHS = { column: 640, full: 1200, phone: 360 };
const CHOICES = { controls: ["full", "time", "none"], caption: ["full", "none"] };
/** The preview is drawn at full size, and made smaller as a whole to fit the dialog. */
const MOST_HIGH_PX = 430;

/**
 * The choices of a frame with its preview; the address of a frame comes from `addressOf`.
 * @param {MapContext} context
 * @param {(own: Record<string, string>) => string} addressOf
 * @param {() => void} onChange
 */
export function makeFraming({ words, language }, addressOf, onChange) {
  const selects = Object.entries(CHOICES).map(([name, codes]) => {
    const options = codes.map((code) =>
      el("option", { value: code, text: words[`frame_${name}_${code}`] }),
    );
    const select = el("select", { name, onchange }, ...options);
    return { name, select, usual: codes[0] };
  });
  const widths = Object.entries(WIDTHS).map(([name, width]) => {
    const options = { type: "radio", name: "frame-width", value: width, onchange: show };
    const input = el("input", { ...options, checked: name === "column" });
    const text = fill(words[`frame_${name}`], { n: number(language, width) });
    return { input, label: el("label", { class: "layer" }, input, el("span", { text })) };
  });
  const stage = el("div", { class: "frame-stage" });
  const choices = selects.map(({ name, select }) =>
    el("label", { class: "choice" }, el("span", { text: words[`frame_${name}`] }), select),
  );
  const radios = el("div", { class: "frame-widths", role: "radiogroup" });
  radios.setAttribute("aria-label", words.frame_preview);
  radios.append(...widths.map(({ label }) => label));
  const node = el("section", { class: "framing" }, ...choices, radios, stage);

  /** The choices that are not the usual ones, as parameters. */
  function own() {
    const others = selects.filter(({ select, usual }) => select.value !== usual);
    return Object.fromEntries(others.map(({ name, select }) => [name, select.value]));
  }

  function onchange() {
    onChange();
    show();
  }

  /** Show the frame: it is loaded anew when its address has changed. */
  function show() {
    const width = Number(widths.find(({ input }) => input.checked)?.input.value);
    const address = addressOf(own());
    let frame = stage.querySelector("iframe");
    if (frame?.getAttribute("src") !== address) {
      frame = el("iframe", { title: words.frame_preview, tabindex: "-1" });
      frame.src = address;
      frame.height = String(FRAME_HEIGHT);
      stage.replaceChildren(frame);
    }
    frame.width = String(width);
    const scale = Math.min(1, stage.clientWidth / width, MOST_HIGH_PX / FRAME_HEIGHT);
    frame.style.transform = `scale(${scale})`;
    frame.style.marginLeft = `${Math.max(0, (stage.clientWidth - width * scale) / 2)}px`;
    stage.style.height = `${FRAME_HEIGHT * scale}px`;
  }

  return { node, own, show, clear: () => stage.replaceChildren() };
}
