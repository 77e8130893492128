// Writes what is in the product as a CycloneDX 1.6 bill of materials, to
// standard output: every crate that the binary is built from, and every npm
// package whose code is in a bundle or beside it. It reads the lock files and
// what cargo knows of them; it asks no network and no clock, so the same
// sources give the same text.

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");
const product = "padwacht";
// `cargo metadata` of a workspace of hundreds of crates.
const metadataBytesMax = 256 << 20;

// Their package.json says nothing; their LICENSE file does.
const unstated = { "htmx-ext-sse": "0BSD" };

const [crates, edges, version, licence] = cargo();
const packages = npm();
const components = [...crates.values(), ...packages].sort(byReference);
const main = `pkg:cargo/${product}@${version}`;
edges.set(main, [...(edges.get(main) ?? []), ...packages.map((one) => one["bom-ref"])]);
const body = {
  bomFormat: "CycloneDX",
  specVersion: "1.6",
  version: 1,
  metadata: {
    component: {
      type: "application",
      "bom-ref": main,
      name: product,
      version,
      licenses: [{ expression: licence }],
    },
  },
  components,
  dependencies: [...edges].sort().map(([ref, on]) => ({ ref, dependsOn: [...new Set(on)].sort() })),
};
// The same content has the same number (RFC 9562, version 8).
const digest = createHash("sha256").update(JSON.stringify(body)).digest("hex");
const uuid = [digest.slice(0, 8), digest.slice(8, 12), `8${digest.slice(13, 16)}`, `8${digest.slice(17, 20)}`, digest.slice(20, 32)];
const { bomFormat, specVersion, ...rest } = body;
const bom = { bomFormat, specVersion, serialNumber: `urn:uuid:${uuid.join("-")}`, ...rest };
process.stdout.write(JSON.stringify(bom, null, 2) + "\n");

/** The crates that the binary needs, at run time or to be built. */
function cargo() {
  // For the platform that this machine builds for.
  const rustc = execFileSync(process.env.RUSTC ?? "rustc", ["--version", "--verbose"], { cwd: root, encoding: "utf8" });
  const [, platform] = rustc.match(/^host: (.+)$/m);
  const args = ["metadata", "--locked", "--offline", "--filter-platform", platform, "--format-version", "1"];
  const text = execFileSync(process.env.CARGO ?? "cargo", args, { cwd: root, maxBuffer: metadataBytesMax });
  const metadata = JSON.parse(text);
  const known = new Map(metadata.packages.map((one) => [one.id, one]));
  const nodes = new Map(metadata.resolve.nodes.map((node) => [node.id, node]));
  const first = metadata.packages.find((one) => one.name === product && one.source === null);
  const checksums = cargoChecksums();
  const found = new Map();
  const edges = new Map();
  const waiting = [first.id];
  const seen = new Set(waiting);
  while (waiting.length > 0) {
    const id = waiting.pop();
    const needed = nodes.get(id).deps.filter((dep) => dep.dep_kinds.some(({ kind }) => kind !== "dev"));
    edges.set(crateReference(known.get(id)), needed.map((dep) => crateReference(known.get(dep.pkg))));
    for (const { pkg } of needed.filter((dep) => !seen.has(dep.pkg))) {
      seen.add(pkg);
      waiting.push(pkg);
      const one = known.get(pkg);
      found.set(pkg, component(crateReference(one), one.name, one.version, one.license, checksums.get(`${one.name} ${one.version}`)));
    }
  }
  return [found, edges, first.version, first.license];
}

function crateReference(one) {
  return `pkg:cargo/${one.name}@${one.version}`;
}

/** SHA-256 of each crate's archive, by name and version. */
function cargoChecksums() {
  const lock = readFileSync(path.join(root, "Cargo.lock"), "utf8");
  const entry = /name = "([^"]+)"\nversion = "([^"]+)"\nsource = "[^"]+"\nchecksum = "([0-9a-f]{64})"/g;
  return new Map([...lock.matchAll(entry)].map(([, name, version, sum]) => [`${name} ${version}`, { alg: "SHA-256", content: sum }]));
}

/** The npm packages that are no tools. */
function npm() {
  const lock = JSON.parse(readFileSync(path.join(root, "dashboards/package-lock.json"), "utf8"));
  const entries = Object.entries(lock.packages).filter(([place, one]) => place !== "" && !one.dev);
  return entries.map(([place, one]) => {
    const name = place.slice(place.lastIndexOf("node_modules/") + "node_modules/".length);
    const [algorithm, content] = (one.integrity ?? "").split("-", 2);
    const hash = algorithm === "sha512" ? { alg: "SHA-512", content: Buffer.from(content, "base64").toString("hex") } : undefined;
    const licence = one.license ?? unstated[name];
    return component(`pkg:npm/${name.replace("@", "%40")}@${one.version}`, name, one.version, licence, hash);
  });
}

function component(reference, name, version, licence, hash) {
  return {
    type: "library",
    "bom-ref": reference,
    name,
    version,
    purl: reference,
    ...(licence ? { licenses: [{ expression: licence.replaceAll("/", " OR ") }] } : {}),
    ...(hash ? { hashes: [hash] } : {}),
  };
}

function byReference(one, other) {
  return one["bom-ref"] < other["bom-ref"] ? -1 : 1;
}
