// Buttons that copy what stands beside them, for whoever must paste it
// elsewhere. Without a clipboard (plain http on another machine) the text is
// selected instead, so that Ctrl+C does the rest.

const SHOWN_MS = 2_000;

/** Makes every `data-copy="id"` button copy the text of the element with that id. */
export function copyOnClick(): void {
  document.addEventListener("click", (event) => {
    const target = event.target instanceof Element ? event.target : null;
    const button = target?.closest<HTMLButtonElement>("button[data-copy]");
    const source = button && document.getElementById(button.dataset.copy ?? "");
    if (button && source) void copy(button, source);
  });
}

async function copy(button: HTMLButtonElement, source: HTMLElement): Promise<void> {
  try {
    await navigator.clipboard.writeText(source.textContent ?? "");
  } catch {
    getSelection()?.selectAllChildren(source);
    return;
  }
  const label = button.querySelector("span");
  if (!label || label.dataset.before) return;
  label.dataset.before = label.textContent ?? "";
  label.textContent = button.dataset.copied ?? "";
  setTimeout(() => {
    label.textContent = label.dataset.before ?? "";
    delete label.dataset.before;
  }, SHOWN_MS);
}
