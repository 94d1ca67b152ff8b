/* On paper the map keeps what it shows and its size in px, made smaller as a whole: tiles that it
   would need at another size could not come in time. */
import { mapBox } from "./dom.js";

const PAPER_PX = 690;

export function listenForPrint() {
  const { style } = document.documentElement;
  addEventListener("beforeprint", () => {
    /** @type {NodeListOf<HTMLDetailsElement>} */
    const folded = document.querySelectorAll(".said, .legend.beside, .sources");
    for (const details of folded) details.open = true;
    const { width, height } = mapBox().getBoundingClientRect();
    style.setProperty("--print-width", `${width}px`);
    style.setProperty("--print-height", `${height}px`);
    style.setProperty("--print-zoom", String(Math.min(1, PAPER_PX / width)));
  });
}
