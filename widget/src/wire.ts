/** What the web channel sends and takes; both sides keep to these names. */

export interface Button {
  title: string;
  payload: string;
}

export interface Source {
  title: string;
  publisher?: string | null;
  year?: number | string | null;
  url?: string | null;
}

export interface Answer {
  id: string;
  kind: "answer" | "emergency" | "question" | "notice";
  text: string;
  buttons: Button[];
  sources: Source[];
  time: string;
}

export type Vote = "up" | "down";

export interface UserMessage {
  from: "user";
  id: string;
  text: string;
}

export interface BotMessage extends Answer {
  from: "bot";
  feedback: Vote | null;
}

export interface History {
  messages: (UserMessage | BotMessage)[];
}

export interface Reply {
  id: string;
  answers: Answer[];
}

/** What the clinic has set, told with each new session. */
export interface Settings {
  title: string | null;
  phone: string | null;
  emergency: string;
  max_length: number;
  suggestions: Button[];
}

export interface NewSession {
  token: string;
  expires_in: number;
  settings: Settings;
}

/** The longest comment with a thumb, in characters. */
export const MAX_COMMENT = 500;
