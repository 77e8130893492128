// Builds the browser's files into dist/: scripts and styles bundled, the icons
// in use as one sprite, the licences of everything bundled as one text. Every
// file gets a hash of its content in its name, so that it can be cached for
// ever; manifest.json maps plain names to those. Nothing here reads the clock
// or the network: the same sources give the same files.

import { createHash } from "node:crypto";
import { mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";

const root = path.dirname(fileURLToPath(import.meta.url));
const dist = path.join(root, "dist");
const manifest = {};

await rm(dist, { recursive: true, force: true });
await mkdir(dist, { recursive: true });
await bundle();
await emit("icons.svg", await sprite());
await emit("favicon.svg", await readFile(path.join(root, "assets/favicon.svg"), "utf8"));
await emit("third-party-licenses.txt", await licences());
// Last, because the Rust build takes its presence for the end of this one.
await writeFile(path.join(dist, "manifest.json"), JSON.stringify(sorted(manifest), null, 2) + "\n");

async function bundle() {
  const result = await esbuild.build({
    absWorkingDir: root,
    entryPoints: ["assets/app.ts", "assets/service.ts", "assets/passkeys.ts", "assets/theme.ts", "assets/app.css"],
    outdir: "dist",
    entryNames: "[name]-[hash]",
    assetNames: "[name]-[hash]",
    bundle: true,
    minify: true,
    metafile: true,
    legalComments: "none",
    format: "iife",
    target: ["chrome111", "firefox113", "safari16.4"],
    loader: { ".woff2": "file" },
    logLevel: "warning",
  });
  for (const [file, output] of Object.entries(result.metafile.outputs)) {
    if (output.entryPoint) {
      const plain = path.basename(output.entryPoint).replace(/\.ts$/, ".js");
      manifest[plain] = path.basename(file);
    } else {
      manifest[path.basename(file).replace(/-[A-Z0-9]{8}\./, ".")] = path.basename(file);
    }
  }
}

async function emit(name, text) {
  const hash = createHash("sha256").update(text).digest("hex").slice(0, 8).toUpperCase();
  const { name: stem, ext } = path.parse(name);
  manifest[name] = `${stem}-${hash}${ext}`;
  await writeFile(path.join(dist, manifest[name]), text);
}

/** The icons of assets/icons.json and the mark as symbols of one file. */
async function sprite() {
  const names = JSON.parse(await readFile(path.join(root, "assets/icons.json"), "utf8"));
  const symbols = [symbol("padwacht", await readFile(path.join(root, "assets/padwacht.svg"), "utf8"))];
  for (const name of names) {
    const file = path.join(root, "node_modules/bootstrap-icons/icons", `${name}.svg`);
    symbols.push(symbol(name, await readFile(file, "utf8")));
  }
  return `<svg xmlns="http://www.w3.org/2000/svg">\n${symbols.join("\n")}\n</svg>\n`;
}

function symbol(id, svg) {
  const [, attributes, inner] = svg.match(/<svg([^>]*)>([\s\S]*)<\/svg>/);
  const viewBox = attributes.match(/viewBox="([^"]*)"/)[1];
  const paint = attributes.includes('fill="none"') ? ' fill="none"' : ' fill="currentColor"';
  return `<symbol id="${id}" viewBox="${viewBox}"${paint}>${inner.trim().replace(/\s*\n\s*/g, "")}</symbol>`;
}

/** The licence texts of every package that ends up in a bundle. */
async function licences() {
  const lock = JSON.parse(await readFile(path.join(root, "package-lock.json"), "utf8"));
  const parts = [];
  for (const [folder, entry] of Object.entries(lock.packages)) {
    if (!folder || entry.dev || entry.optional) continue;
    const files = await readdir(path.join(root, folder), { withFileTypes: true });
    const texts = files
      .filter((file) => file.isFile() && /^(licen[cs]e|notice)/i.test(file.name))
      .map((file) => file.name)
      .sort();
    const body = await Promise.all(
      texts.map((file) => readFile(path.join(root, folder, file), "utf8")),
    );
    const name = folder.replace(/^.*node_modules\//, "");
    parts.push([`${name} ${entry.version} (${entry.license})`, ...body.map((text) => text.trim())].join("\n\n"));
  }
  return parts.join(`\n\n${"=".repeat(78)}\n\n`) + "\n";
}

function sorted(object) {
  return Object.fromEntries(Object.entries(object).sort(([a], [b]) => (a < b ? -1 : 1)));
}
