// Addresses that people copy hold only what was asked: htmx would send every
// field of the search form, empty ones and the default order too.

const DEFAULTS: Record<string, string> = { sort: "state" };

/** Leaves defaults out of what is sent and pushed into the address bar. */
export function keepAddressesShort(): void {
  document.addEventListener("htmx:configRequest", (event) => {
    const { verb, parameters } = (event as CustomEvent<{ verb: string; parameters: FormData }>).detail;
    if (verb !== "get") return;
    for (const [name, value] of [...parameters.entries()]) {
      if (value === (DEFAULTS[name] ?? "")) parameters.delete(name);
    }
  });
}
