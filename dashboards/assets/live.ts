// Care for what a live update replaces: open tables stay open, what was not
// there before is marked for a moment, and a change of the headline is said to
// screen readers (the rest would be too much to listen to).

const keys = new Set<string>();

function rows(): HTMLElement[] {
  return [...document.querySelectorAll<HTMLElement>("#live [data-key]")];
}

/** Tables opened by the reader stay open when their surroundings are replaced. */
export function keepOpenAcrossSwaps(): void {
  let open: string[] = [];
  document.addEventListener("htmx:beforeSwap", () => {
    open = [...document.querySelectorAll<HTMLDetailsElement>("details[id][open]")].map((it) => it.id);
  });
  document.addEventListener("htmx:afterSwap", () => {
    for (const id of open) document.getElementById(id)?.setAttribute("open", "");
  });
}

/** Marks the disruptions that an update brought. */
export function markWhatIsNew(): void {
  for (const row of rows()) keys.add(row.dataset.key ?? "");
  document.addEventListener("htmx:afterSwap", (event) => {
    if ((event.target as Element | null)?.id !== "live") return;
    const now = rows();
    for (const row of now) {
      if (!keys.has(row.dataset.key ?? "")) row.classList.add("is-new");
    }
    keys.clear();
    for (const row of now) keys.add(row.dataset.key ?? "");
  });
}

/** Says the headline when it changes. */
export function sayWhatChanged(): void {
  const status = document.getElementById("live-status");
  const headline = (): string => document.querySelector<HTMLElement>("[data-status]")?.dataset.status ?? "";
  let last = headline();
  document.addEventListener("htmx:afterSwap", () => {
    const now = headline();
    if (status && now !== last) status.textContent = now;
    last = now;
  });
}
