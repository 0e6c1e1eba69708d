/** Text of the bot as templates: a small part of Markdown, safe links, telephone numbers. Never HTML strings. */

import { html, type TemplateResult } from "lit/html.js";

/** A text with templates in it, as Lit takes it. */
export type Rich = (string | TemplateResult)[];

/** Bold, italic, [text](address), or a bare address. */
const INLINE = /\*\*(\S(?:.*?\S)?)\*\*|\*([^\s*](?:.*?\S)?)\*|\[([^\]]+)\]\(([^\s()]+)\)|https?:\/\/[^\s<>"]+/g;

/** Groups of digits, perhaps with a country code. */
const NUMBER = /\+?(?:\d+|\(\d+\))(?:[ \u00a0.-](?:\d+|\(\d+\)))*/g;

/** Before what is no number to call: part of a word or of a larger number, or "text SHOUT to". */
const NOT_TO_CALL = /[\w,]$|\btext (\S+ to )?$/i;

/**
 * Return an address as it is safe to link to, or an empty text.
 * @param address complete, with its scheme
 */
export function safeAddress(address: string | null | undefined): string {
  try {
    const { href } = new URL(address!);
    return /^(https?|mailto|tel):/.test(href) ? href : "";
  } catch {
    return "";
  }
}

/** Return a link; one to another site opens a new tab, and a screen reader says so. */
export function link(href: string, label: unknown, newTab: string): TemplateResult {
  return href.startsWith("http")
    ? html`<a href=${href} target="_blank" rel="noopener noreferrer">${label}<span class="hidden"> ${newTab}</span></a>`
    : html`<a href=${href}>${label}</a>`;
}

/**
 * Return the paragraphs and lists of a text.
 * @param newTab what a screen reader says at links that open a new tab
 * @param phones whether telephone numbers become links
 */
export function formatted(text: string, newTab: string, phones = false): TemplateResult[] {
  const blocks: TemplateResult[] = [];
  let entries: TemplateResult[] | null = null;
  for (const line of text.split(/\n+/)) {
    const entry = /^\s*[-*•] (.*)/.exec(line);
    if (entry) {
      if (!entries) blocks.push(html`<ul>${(entries = [])}</ul>`);
      entries.push(html`<li>${inline(entry[1]!, newTab, phones)}</li>`);
    } else if (line.trim()) {
      entries = null;
      blocks.push(html`<p>${inline(line, newTab, phones)}</p>`);
    }
  }
  return blocks;
}

/** Return text with its telephone numbers as links. */
export function withPhones(text: string): Rich {
  return split(text, NUMBER, ([number], before) =>
    // "20 minutes" is none; where it says "call or text 988", one may call.
    number.replace(/\D/g, "").length < 3 || NOT_TO_CALL.test(before.replace(/call or text $/i, ""))
      ? null
      : [link("tel:" + number.replace(/[^\d+]/g, ""), number, "")],
  );
}

function inline(text: string, newTab: string, phones: boolean): Rich {
  const parts = split(text, INLINE, ([all, bold, italic, label, address], before, behind) => {
    if (bold) return [html`<strong>${inline(bold, newTab, phones)}</strong>`];
    if (italic) {
      // As in "5*6*7": no emphasis.
      return /\w$/.test(before) || /^\w/.test(behind) ? null : [html`<em>${inline(italic, newTab, phones)}</em>`];
    }
    // The full stop behind a bare address is the sentence's.
    const bare = label ? "" : all.replace(/[.,;:!?)\]*]+$/, "");
    const href = safeAddress(address ?? bare);
    if (!href) return [label ?? all];
    return [link(href, label ?? bare, newTab), ...(bare ? [all.slice(bare.length)] : [])];
  });
  return phones ? parts.flatMap((part) => (typeof part === "string" ? withPhones(part) : part)) : parts;
}

/** Put something in the place of what a pattern finds; null leaves it as it is. */
function split(
  text: string,
  pattern: RegExp,
  make: (found: RegExpExecArray, before: string, behind: string) => Rich | null,
): Rich {
  const parts: Rich = [];
  let done = 0;
  for (const found of text.matchAll(pattern)) {
    const place = found.index;
    const end = place + found[0].length;
    const made = make(found, text.slice(0, place), text.slice(end));
    if (!made) continue;
    parts.push(text.slice(done, place), ...made);
    done = end;
  }
  parts.push(text.slice(done));
  return parts.filter(Boolean);
}
