/** What the widget does to the page around it, and what it reads there. */

/** Return the address of the web channel: from an attribute `server`, else from where the script came. */
export function channelAddress(server: string | null, script: string | undefined): string {
  if (server) return server.replace(/\/+$/, "") + "/webhooks/web";
  const path = /^(.+?\/webhooks\/web)\//.exec(script ?? "")?.[1];
  return path ?? new URL("/webhooks/web", script || location.href).href;
}

/**
 * Make everything but an element inert, and keep the page from scrolling.
 * @returns what undoes it
 */
export function alone(element: Element): () => void {
  const changed: HTMLElement[] = [];
  for (let node = element; node.parentElement && node !== document.body; node = node.parentElement) {
    for (const other of node.parentElement.children) {
      if (other === node || !(other instanceof HTMLElement) || other.inert) continue;
      other.inert = true;
      changed.push(other);
    }
  }
  const { style } = document.documentElement;
  const before = style.overflow;
  style.overflow = "hidden";
  return () => {
    for (const other of changed) other.inert = false;
    style.overflow = before;
  };
}
