/** What the widget itself says, by language. "{n}" and the like are filled in. */

const en = {
  open: "Open chat",
  chat: "Chat",
  close: "Close chat",
  title: "Acupuncture assistant",
  bot: "A bot, not a person",
  menu: "More options",
  again: "Start again",
  againAsk: "Start a new conversation? This one will no longer be shown.",
  delete: "Delete my data",
  deleteAsk: "Delete all that is stored of your chats here? This cannot be undone.",
  cancel: "Cancel",
  hello:
    "Hello! I am a bot. I answer questions about acupuncture for back pain and can put you in touch with a licensed practitioner.",
  suggestions: "Questions to begin with",
  messages: "Conversation",
  input: "Your question",
  send: "Send",
  count: "{n} of {max} characters",
  you: "You",
  assistant: "Assistant",
  urgent: "Urgent",
  typing: "The assistant is typing",
  choices: "Answers to choose from: {n}",
  sources: "Sources",
  newTab: "(opens in a new tab)",
  useful: "Was this helpful?",
  up: "Helpful",
  down: "Not helpful",
  thanks: "Thank you.",
  comment: "Would you like to say why? (optional)",
  sendComment: "Send comment",
  waiting: "Waiting to be sent",
  failed: "Not sent",
  retry: "Try again",
  edit: "Edit",
  offline: "You are offline. Your messages will be sent when you are online again.",
  slow: "No answer yet.",
  network: "The chat cannot be reached at the moment.",
  rate_limited: "Too many messages at once.",
  later: "Yours will be sent in {n} seconds.",
  too_long: "This message is too long. Please shorten it.",
  forbidden_payload: "This button no longer works. Please type your question.",
  trouble: "Something went wrong on our side.",
  call: "Call the clinic:",
  emergency: "Emergency:",
  anew: "Your earlier conversation has ended. This is a new one.",
  deleted: "Your data has been deleted.",
  notDone: "That did not work. Please try again.",
  disclaimer: "Information, not medical advice.",
  unread: "{n} new",
};

export type Strings = typeof en;

const es: Strings = {
  open: "Abrir el chat",
  chat: "Chat",
  close: "Cerrar el chat",
  title: "Asistente de acupuntura",
  bot: "Un bot, no una persona",
  menu: "Más opciones",
  again: "Empezar de nuevo",
  againAsk: "¿Empezar una conversación nueva? Esta dejará de mostrarse.",
  delete: "Borrar mis datos",
  deleteAsk: "¿Borrar todo lo guardado de sus chats aquí? No se puede deshacer.",
  cancel: "Cancelar",
  hello:
    "¡Hola! Soy un bot. Respondo, por ahora en inglés, a preguntas sobre la acupuntura para el dolor de espalda, y puedo ponerle en contacto con un profesional con licencia.",
  suggestions: "Preguntas para empezar",
  messages: "Conversación",
  input: "Su pregunta",
  send: "Enviar",
  count: "{n} de {max} caracteres",
  you: "Usted",
  assistant: "Asistente",
  urgent: "Urgente",
  typing: "El asistente está escribiendo",
  choices: "Respuestas para elegir: {n}",
  sources: "Fuentes",
  newTab: "(se abre en una pestaña nueva)",
  useful: "¿Le ha sido útil?",
  up: "Útil",
  down: "No útil",
  thanks: "Gracias.",
  comment: "¿Quiere decirnos por qué? (opcional)",
  sendComment: "Enviar comentario",
  waiting: "A la espera de envío",
  failed: "No enviado",
  retry: "Reintentar",
  edit: "Editar",
  offline: "No tiene conexión. Sus mensajes se enviarán cuando vuelva a tenerla.",
  slow: "Todavía no hay respuesta.",
  network: "No se puede acceder al chat en este momento.",
  rate_limited: "Demasiados mensajes a la vez.",
  later: "El suyo se enviará en {n} segundos.",
  too_long: "El mensaje es demasiado largo. Acórtelo, por favor.",
  forbidden_payload: "Este botón ya no funciona. Escriba su pregunta, por favor.",
  trouble: "Algo ha fallado por nuestra parte.",
  call: "Llame a la clínica:",
  emergency: "Emergencias:",
  anew: "Su conversación anterior ha terminado. Esta es una nueva.",
  deleted: "Sus datos se han borrado.",
  notDone: "No ha funcionado. Inténtelo de nuevo.",
  disclaimer: "Información, no consejo médico.",
  unread: "{n} sin leer",
};

/** All tables; a new language is one more of them. */
export const tables: Record<string, Strings> = { en, es };

/** Return the table for a language tag such as "es-MX", and its language; English for those that have none. */
export function stringsFor(tag: string | null | undefined): [Strings, string] {
  const lang = (tag ?? "").toLowerCase().split("-")[0]!;
  return Object.hasOwn(tables, lang) ? [tables[lang]!, lang] : [en, "en"];
}

/** Put values into a text. */
export function fill(text: string, values: Record<string, string | number>): string {
  return text.replace(/\{(\w+)\}/g, (all, name: string) => String(values[name] ?? all));
}
