// A link in a mail holds its code behind the `#`, which a browser sends to nobody.
// Here it goes into the form that asks for it, out of the address bar and the
// history, and to the server in the body of a request.

/** Sends the code in the address by the form with `data-mailed-code`, if there is one. */
export function sendMailedCode(): void {
  const send = (): void => {
    const field = document.querySelector<HTMLInputElement>("input[data-mailed-code]");
    const code = location.hash.slice(1);
    if (!field || !code) return;
    history.replaceState(history.state, "", location.pathname + location.search);
    field.value = code;
    field.form?.requestSubmit();
  };
  send();
  // A link that is opened where the form is open already loads no page.
  addEventListener("hashchange", send);
}
