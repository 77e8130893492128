// Keeps `[data-since]` (milliseconds since 1970) running once a second, in the
// words of the server: its two largest units, its names for them, its clock.

const root = document.documentElement;
const [day = "d", hour = "h", minute = "min", second = "s"] = (root.dataset.units ?? "").split(" ");
const skewMs = Number(root.dataset.now ?? Date.now()) - Date.now();

function words(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const parts: [number, string][] = [
    [Math.floor(seconds / 86400), day],
    [Math.floor(seconds / 3600) % 24, hour],
    [Math.floor(seconds / 60) % 60, minute],
    [seconds % 60, second],
  ];
  const first = parts.findIndex(([value]) => value > 0);
  if (first < 0) return `0 ${second}`;
  return parts
    .slice(first, first + 2)
    .filter(([value], index) => index === 0 || value > 0)
    .map(([value, unit]) => `${value} ${unit}`)
    .join(" ");
}

function tick(): void {
  const now = Date.now() + skewMs;
  for (const element of document.querySelectorAll<HTMLElement>("[data-since]")) {
    const text = words(now - Number(element.dataset.since));
    if (element.textContent !== text) element.textContent = text;
  }
}

/** Starts the clock; it rests while the page is hidden. */
export function runDurations(): void {
  setInterval(() => {
    if (!document.hidden) tick();
  }, 1000);
}
