// Modules that bring no types of their own.

declare module "htmx-ext-sse";
declare module "bootstrap/js/dist/collapse";
declare module "bootstrap/js/dist/dropdown";
