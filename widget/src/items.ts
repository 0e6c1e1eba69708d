/** What a conversation consists of, and how the server's history is fitted into it. */

import type { BotMessage, History, UserMessage } from "./wire";

/** A message of the person; without a state it has arrived. */
export interface Outgoing extends UserMessage {
  payload?: string;
  state?: "waiting" | "sending" | "failed";
  /** Why it failed: the code of a `Trouble`. */
  error?: string;
  /** It would fail again as it is. */
  refused?: boolean;
}

/** An answer; `live` when it came while this page was open. */
export interface Incoming extends BotMessage {
  live?: boolean;
}

/** A line of the widget itself, by the name of its text in `strings.ts`. */
export interface Note {
  from: "note";
  id: string;
  text: "anew" | "deleted";
}

export type Item = Outgoing | Incoming | Note;

/**
 * Return what is shown after the history has come: each message once, in the server's order.
 *
 * The history may be shorter than what is shown, and a little older: what is not in it stays where it was, before
 * or behind, and what has not arrived comes last. Items that were shown stay the same objects, so that nothing is
 * drawn or read out twice.
 */
export function merged(shown: Item[], history: History["messages"]): Item[] {
  const ids = history.map(({ id }) => id);
  const known = new Map(shown.map((item) => [item.id, item]));
  const others = shown.filter(({ id }) => !ids.includes(id));
  const last = shown.findLastIndex(({ id }) => ids.includes(id));
  const isLate = (item: Item) =>
    item.from !== "note" && ((item.from === "user" && item.state) || shown.indexOf(item) > last);
  const told = history.map((message) => {
    const item = known.get(message.id) ?? message;
    return message.from === "bot" ? Object.assign(item, { feedback: message.feedback }) : item;
  });
  return [...others.filter((item) => !isLate(item)), ...told, ...others.filter(isLate)];
}

/** Return a line of the widget itself. */
export function note(text: Note["text"]): Note {
  return { from: "note", id: newId(), text };
}

/** Return a name for a message that no other has; also on pages without TLS. */
export function newId(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
