// What every page needs: htmx with server-sent events, Bootstrap's menus,
// running durations, tips, and care for what a live update replaces.

import "./htmx";
import "htmx-ext-sse";
import "bootstrap/js/dist/collapse";
import "bootstrap/js/dist/dropdown";
import { keepAddressesShort } from "./addresses";
import { keepOpenAcrossSwaps, markWhatIsNew, sayWhatChanged } from "./live";
import { runDurations } from "./durations";
import { readFilesIntoFields } from "./files";
import { showTips } from "./tips";

keepAddressesShort();
keepOpenAcrossSwaps();
markWhatIsNew();
sayWhatChanged();
runDurations();
readFilesIntoFields();
showTips();
