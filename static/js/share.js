/* The button that opens the share dialog, whose script comes at its first use. */
/** @import { MapContext } from "./types.js" */
import { el } from "./dom.js";

/**
 * @param {MapContext} context
 * @param {() => string[] | undefined} credits those of the newest summary
 */
export function makeShare(context, credits) {
  /** @type {Promise<() => void> | null} */
  let opening = null;
  const onclick = () => {
    opening ??= import("./sharing.js").then(({ makeSharing }) => makeSharing(context, credits));
    opening.then((open) => open()).catch(context.fail);
  };
  const text = context.words.share;
  return el("button", {
    type: "button",
    class: "share-button",
    text,
    "aria-haspopup": "dialog",
    onclick,
  });
}
