// htmx extensions look for a global `htmx`; modules run in order of import, so
// this one stands before them.

import htmx from "htmx.org";

Object.assign(window, { htmx });
