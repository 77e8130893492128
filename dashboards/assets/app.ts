// What every page needs: htmx with server-sent events, Bootstrap's menus,
// running durations, tips, copying, the codes of mails, and care for what a live
// update replaces.

import "./htmx";
import "htmx-ext-sse";
import "bootstrap/js/dist/collapse";
import "bootstrap/js/dist/dropdown";
import { keepAddressesShort } from "./addresses";
import { copyOnClick } from "./copy";
import { keepOpenAcrossSwaps, markWhatIsNew, sayWhatChanged } from "./live";
import { runDurations } from "./durations";
import { readFilesIntoFields } from "./files";
import { sendMailedCode } from "./mailed";
import { showTips } from "./tips";

keepAddressesShort();
copyOnClick();
keepOpenAcrossSwaps();
markWhatIsNew();
sayWhatChanged();
runDurations();
readFilesIntoFields();
sendMailedCode();
showTips();
