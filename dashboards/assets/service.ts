// The service page: the trend chart and the path diagram. Both redraw when the
// appearance changes; the diagram follows live updates of its data.

import { drawPath } from "./path";
import { drawTrend } from "./trend";

drawTrend();
drawPath();
document.addEventListener("padwacht:theme", () => {
  drawTrend();
  drawPath();
});
document.addEventListener("htmx:afterSwap", drawPath);
