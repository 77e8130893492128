// The service page: the trend chart, redrawn when the appearance changes.

import { drawTrend } from "./trend";

drawTrend();
document.addEventListener("padwacht:theme", drawTrend);
