// One tip for everything with `data-tip`: the strips hold hundreds of pieces,
// so there is one listener and one box. The tables say the same to those who
// cannot point.

const GAP_PX = 10;
const EDGE_PX = 8;

/** Shows the tip of whatever the pointer is on. */
export function showTips(): void {
  const box = document.createElement("div");
  box.className = "tip";
  box.setAttribute("aria-hidden", "true");
  document.body.append(box);

  document.addEventListener("pointermove", (event) => {
    const target = event.target instanceof Element ? event.target.closest("[data-tip]") : null;
    const text = target?.getAttribute("data-tip");
    box.classList.toggle("is-shown", Boolean(text));
    if (!text) return;
    if (box.textContent !== text) box.textContent = text;
    place(box, event.clientX, event.clientY);
  });
  document.addEventListener("pointerleave", () => box.classList.remove("is-shown"));
  document.addEventListener("scroll", () => box.classList.remove("is-shown"), { passive: true });
}

function place(box: HTMLElement, x: number, y: number): void {
  const { width, height } = box.getBoundingClientRect();
  const left = Math.min(Math.max(x - width / 2, EDGE_PX), innerWidth - width - EDGE_PX);
  const above = y - height - GAP_PX;
  box.style.left = `${left}px`;
  box.style.top = `${above < EDGE_PX ? y + 2 * GAP_PX : above}px`;
}
