"use strict";
// The demo page's own script. It runs before widget.js: both are deferred, and it comes first.

const widgetScript = document.querySelector('script[src="widget.js"]');
const snippet = document.querySelector("[data-snippet]");
const copyButton = document.querySelector("[data-copy]");
const themeButton = document.querySelector("[data-theme-toggle]");
const wanted = new URLSearchParams(location.search);

/** Put the page and the chat into light or dark, whatever the system prefers. */
function setTheme(theme) {
  document.documentElement.dataset.theme = theme;
  widgetScript.dataset.theme = theme;
  document.querySelector("needlepoint-chat")?.setAttribute("theme", theme);
  themeButton.textContent = theme === "dark" ? "Light mode" : "Dark mode";
  try {
    sessionStorage.setItem("demo theme", theme);
  } catch {
    // Then it lasts for this page.
  }
}

function keptTheme() {
  try {
    return sessionStorage.getItem("demo theme");
  } catch {
    return null;
  }
}

// To try the chat in another language: demo page with ?lang=es
if (wanted.has("lang")) widgetScript.dataset.lang = wanted.get("lang");

const theme = wanted.get("theme") ?? keptTheme();
if (theme === "light" || theme === "dark") setTheme(theme);
const systemDark = matchMedia("(prefers-color-scheme: dark)").matches;
themeButton.hidden = false;
themeButton.textContent = (theme ?? (systemDark ? "dark" : "light")) === "dark" ? "Light mode" : "Dark mode";
themeButton.addEventListener("click", () => {
  const current = document.documentElement.dataset.theme ?? (systemDark ? "dark" : "light");
  setTheme(current === "dark" ? "light" : "dark");
});

for (const button of document.querySelectorAll("[data-ask]")) {
  button.addEventListener("click", () => document.querySelector("needlepoint-chat")?.show());
}

if (snippet) {
  snippet.textContent = `<script src="${new URL("widget.js", location.href).href}" defer></script>`;
  copyButton.hidden = !navigator.clipboard;
  copyButton.addEventListener("click", async () => {
    const status = document.querySelector("[data-copied]");
    try {
      await navigator.clipboard.writeText(snippet.textContent);
      status.textContent = "Copied.";
    } catch {
      status.textContent = "Your browser did not allow copying. Please select the line and copy it.";
    }
  });
}
