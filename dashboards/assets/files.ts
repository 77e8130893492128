// A file that is chosen goes into the field that it names, to be looked at
// before it is sent: <input type="file" data-file-into="id">.

/** The largest file that is read: what the server takes. */
const BYTES_MAX = 1 << 20;

export function readFilesIntoFields(): void {
  document.addEventListener("change", (event) => {
    const input = event.target;
    if (!(input instanceof HTMLInputElement) || !input.dataset.fileInto) return;
    const field = document.getElementById(input.dataset.fileInto);
    const file = input.files?.[0];
    if (!(field instanceof HTMLTextAreaElement) || !file || file.size > BYTES_MAX) return;
    void file.text().then((text) => {
      field.value = text;
      field.focus();
    });
  });
}
