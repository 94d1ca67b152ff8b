/* On paper the map keeps what it shows and its size in px, made smaller as a whole: tiles that it would need
   at another size could not come in time. */
const PAPER_PX = 690;

export function listenForPrint() {
  const box = document.querySelector(".map-box"), page = document.documentElement;
  addEventListener("beforeprint", () => {
    for (const folded of document.querySelectorAll(".said, .legend.beside")) folded.open = true;
    const { width, height } = box.getBoundingClientRect();
    page.style.setProperty("--print-width", `${width}px`);
    page.style.setProperty("--print-height", `${height}px`);
    page.style.setProperty("--print-zoom", String(Math.min(1, PAPER_PX / width)));
  });
}
