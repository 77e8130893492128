// The colours of the style sheet, for what is drawn on a canvas.

/** The value of a custom property such as `--down`. */
export function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/** The font of the page. */
export function fontFamily(): string {
  return getComputedStyle(document.body).fontFamily;
}

/** Whether the reader asked for less movement. */
export function isCalm(): boolean {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}
