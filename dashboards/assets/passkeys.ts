// Passkeys (WebAuthn): asks the server what to sign, lets the browser sign it,
// and hands the answer back. Whatever is decided is decided on the server.
//
// <div data-passkey="/passkeys/…" data-passkey-next="/…" hidden> holds a button
// and a place for what went wrong; it shows where the browser knows passkeys.

interface Begun {
  ceremony: string;
  options: { publicKey: Json };
}

type Json = Record<string, unknown>;

/** Problems after which the server wants something else first. */
const CONFIRMATION_REQUIRED = "urn:padwacht:problem:confirmation-required";

/** Refused for now, whatever was signed. */
const TOO_MANY = "too-many";

class Refused extends Error {
  constructor(readonly kind: string) {
    super(kind);
  }
}

async function send(path: string, body: unknown): Promise<Json> {
  const response = await fetch(path, {
    method: "POST",
    headers: { "content-type": "application/json", accept: "application/json" },
    body: JSON.stringify(body),
  });
  const answer = (await response.json()) as Json;
  if (response.status === 429) throw new Refused(TOO_MANY);
  if (!response.ok) throw new Refused(String(answer.type));
  return answer;
}

function bytes(text: unknown): ArrayBuffer {
  const plain = atob(String(text).replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(plain, (letter) => letter.charCodeAt(0)).buffer as ArrayBuffer;
}

function text(buffer: ArrayBuffer | null): string | null {
  if (!buffer) return null;
  const plain = Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join("");
  return btoa(plain).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** The options with their binary parts as the browser wants them. */
function readable(options: Json): Json {
  const listed = (list: unknown) =>
    ((list as Json[] | undefined) ?? []).map((entry) => ({ ...entry, id: bytes(entry.id) }));
  const user = options.user as Json | undefined;
  return {
    ...options,
    challenge: bytes(options.challenge),
    ...(user && { user: { ...user, id: bytes(user.id) } }),
    ...(options.excludeCredentials ? { excludeCredentials: listed(options.excludeCredentials) } : {}),
    ...(options.allowCredentials ? { allowCredentials: listed(options.allowCredentials) } : {}),
  };
}

function written(credential: PublicKeyCredential): Json {
  const { response } = credential;
  const answer: Json = { clientDataJSON: text(response.clientDataJSON) };
  if (response instanceof AuthenticatorAttestationResponse) {
    answer.attestationObject = text(response.attestationObject);
    answer.transports = response.getTransports?.();
  } else if (response instanceof AuthenticatorAssertionResponse) {
    answer.authenticatorData = text(response.authenticatorData);
    answer.signature = text(response.signature);
    answer.userHandle = text(response.userHandle);
  }
  return {
    id: credential.id,
    rawId: text(credential.rawId),
    type: credential.type,
    response: answer,
    extensions: credential.getClientExtensionResults(),
  };
}

async function sign(place: HTMLElement): Promise<void> {
  const path = place.dataset.passkey ?? "";
  const name = place.querySelector<HTMLInputElement>("input[name=name]");
  if (name && !name.reportValidity()) return;
  const begun = (await send(`${path}/options`, {})) as unknown as Begun;
  const publicKey = readable(begun.options.publicKey);
  const credential = name
    ? await navigator.credentials.create({ publicKey: publicKey as never })
    : await navigator.credentials.get({ publicKey: publicKey as never });
  if (!(credential instanceof PublicKeyCredential)) throw new Refused("nothing");
  const { next } = await send(path, {
    ceremony: begun.ceremony,
    credential: written(credential),
    next: place.dataset.passkeyNext ?? "/",
    ...(name && { name: name.value }),
  });
  location.assign(String(next));
}

function explain(place: HTMLElement, error: unknown): void {
  if (error instanceof Refused && error.kind === CONFIRMATION_REQUIRED) {
    location.assign(`/confirm?next=${encodeURIComponent(location.pathname)}`);
    return;
  }
  const problem = place.querySelector<HTMLElement>("[data-passkey-problem]");
  if (!problem) return;
  // The browser says only that nothing was signed: cancelled, timed out, or no
  // passkey for this site; and apart that the device has one already.
  const isKnown = error instanceof DOMException && error.name === "InvalidStateError";
  const isSilent = error instanceof DOMException && !isKnown;
  const isLater = error instanceof Refused && error.kind === TOO_MANY;
  const key = isKnown ? "known" : isSilent ? "cancelled" : isLater ? "later" : "refused";
  const words = problem.querySelector("span");
  if (words) words.textContent = problem.dataset[key] ?? "";
  problem.hidden = false;
}

for (const place of document.querySelectorAll<HTMLElement>("[data-passkey]")) {
  if (!window.PublicKeyCredential) continue;
  place.hidden = false;
  const button = place.querySelector<HTMLButtonElement>("button");
  const begin = (event: Event): void => {
    event.preventDefault();
    if (button) button.disabled = true;
    sign(place)
      .catch((error: unknown) => explain(place, error))
      .finally(() => {
        if (button) button.disabled = false;
      });
  };
  const form = place.querySelector("form");
  if (form) form.addEventListener("submit", begin);
  else button?.addEventListener("click", begin);
}
