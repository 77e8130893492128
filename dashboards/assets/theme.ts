// Light, dark or what the system says; loaded before the first paint, so it
// stays tiny and depends on nothing. The choice lives in this browser only.

type Choice = "light" | "dark" | "auto";

const KEY = "padwacht-theme";
const system = matchMedia("(prefers-color-scheme: dark)");

function stored(): Choice {
  try {
    const value = localStorage.getItem(KEY);
    return value === "light" || value === "dark" ? value : "auto";
  } catch {
    return "auto";
  }
}

function apply(choice: Choice): void {
  const dark = choice === "dark" || (choice === "auto" && system.matches);
  const root = document.documentElement;
  root.dataset.bsTheme = dark ? "dark" : "light";
  root.dataset.themeChoice = choice;
  for (const button of document.querySelectorAll<HTMLElement>("button[data-theme-choice]")) {
    button.setAttribute("aria-pressed", String(button.dataset.themeChoice === choice));
  }
  document.dispatchEvent(new CustomEvent("padwacht:theme"));
}

apply(stored());
system.addEventListener("change", () => apply(stored()));
document.addEventListener("DOMContentLoaded", () => apply(stored()));
document.addEventListener("click", (event) => {
  const button = event.target instanceof Element && event.target.closest("button[data-theme-choice]");
  if (!(button instanceof HTMLElement)) return;
  const choice = button.dataset.themeChoice as Choice;
  try {
    localStorage.setItem(KEY, choice);
  } catch {
    // Storage is switched off: the choice holds for this page.
  }
  apply(choice);
});

export {};
