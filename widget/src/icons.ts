/** Line drawings of 24 by 24, in the colour of the text; they say nothing to a screen reader. */

import { html, type TemplateResult } from "lit/html.js";

export const paths = {
  chat: "M20.5 11.5a8 8 0 0 1-8 8H4l1.8-3.2a8 8 0 1 1 14.7-4.8ZM8.5 11.5h.01M12.5 11.5h.01M16.5 11.5h.01",
  close: "m6 6 12 12M18 6 6 18",
  more: "M12 5.5h.01M12 12h.01M12 18.5h.01",
  send: "M12 19V5m-6 6 6-6 6 6",
  bot: "M12 4v4M4 8h16v11H4zM9 13h.01M15 13h.01",
  thumb: "M7 11v9H4v-9zl4-8a2.5 2.5 0 0 1 2.5 2.5V9H19a2 2 0 0 1 2 2.3l-1.2 7a2 2 0 0 1-2 1.7H7",
  alarm: "M12 4 2.5 20h19zM12 10v4M12 17h.01",
};

export function icon(name: keyof typeof paths): TemplateResult {
  return html`<svg viewBox="0 0 24 24" aria-hidden="true"><path d=${paths[name]}></path></svg>`;
}
