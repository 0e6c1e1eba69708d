/** Entry of the script: makes the element known, and puts one on a page that has none. */

import { NeedlepointChat } from "./element";

const NAME = "needlepoint-chat";

/** What the script tag may say as data-server, data-lang and so on. */
const ATTRIBUTES = ["server", "lang", "open", "title", "phone", "theme"];

const script =
  (document.currentScript as HTMLScriptElement | null) ??
  document.querySelector<HTMLScriptElement>('script[src*="/webhooks/web/widget"]');

function begin(): void {
  // A page may make its own element later, as React does: data-manual says so.
  if (document.querySelector(NAME) || script?.dataset["manual"] !== undefined) return;
  const element = document.createElement(NAME);
  for (const name of ATTRIBUTES) {
    const value = script?.dataset[name];
    if (value !== undefined) element.setAttribute(name, value);
  }
  document.body.append(element);
}

// The same script twice on a page does no harm.
if (!customElements.get(NAME)) {
  NeedlepointChat.script = script?.src;
  customElements.define(NAME, NeedlepointChat);
  if (document.readyState === "loading") addEventListener("DOMContentLoaded", begin);
  else begin();
}
