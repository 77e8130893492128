//! The bill of materials: CycloneDX, whole, and the same each time.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

fn written() -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let output = Command::new("node")
        .arg(root.join("deploy/scripts/sbom.mjs"))
        .env("CARGO", env!("CARGO"))
        .output()
        .expect("node runs: the assets need it too");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value[name].as_str().unwrap_or_else(|| panic!("{name} in {value}"))
}

#[test]
fn it_names_everything_in_the_product_once_and_nothing_of_its_tests() {
    let first = written();
    let bom: Value = serde_json::from_str(&first).expect("JSON");
    assert_eq!((text(&bom, "bomFormat"), text(&bom, "specVersion")), ("CycloneDX", "1.6"));
    assert_eq!(bom["version"], 1);
    let serial = text(&bom, "serialNumber").strip_prefix("urn:uuid:").expect("a urn");
    let parts: Vec<usize> = serial.split('-').map(str::len).collect();
    assert_eq!(parts, [8, 4, 4, 4, 12], "{serial}");
    assert_eq!(text(&bom["metadata"]["component"], "version"), env!("CARGO_PKG_VERSION"));

    let components = bom["components"].as_array().expect("components");
    let mut known = BTreeSet::from([text(&bom["metadata"]["component"], "bom-ref")]);
    for component in components {
        let reference = text(component, "bom-ref");
        assert!(known.insert(reference), "{reference} twice");
        assert_eq!(text(component, "purl"), reference);
        assert_eq!(text(component, "type"), "library");
        let version = text(component, "version");
        assert!(reference.ends_with(&format!("@{version}")), "{reference}");
        let is_ours = component["hashes"].is_null();
        assert_eq!(is_ours, OURS.contains(&text(component, "name")), "a hash of {reference}");
        let licence = text(&component["licenses"][0], "expression");
        assert!(!licence.is_empty() && !licence.contains('/'), "{reference}: {licence}");
    }
    for needed in
        ["pkg:cargo/tokio@", "pkg:cargo/rustls@", "pkg:npm/htmx.org@", "pkg:npm/bootstrap@"]
    {
        assert!(known.iter().any(|reference| reference.starts_with(needed)), "{needed}");
    }
    // What only tests and tools need is not in it.
    for tool in
        ["pkg:cargo/proptest@", "pkg:cargo/thirtyfour@", "pkg:npm/axe-core@", "pkg:npm/esbuild@"]
    {
        assert!(!known.iter().any(|reference| reference.starts_with(tool)), "{tool}");
    }
    for edge in bom["dependencies"].as_array().expect("dependencies") {
        assert!(known.contains(text(edge, "ref")), "{edge}");
        for on in edge["dependsOn"].as_array().expect("a list") {
            assert!(known.contains(on.as_str().expect("text")), "{on}");
        }
    }
    assert_eq!(written(), first, "the same sources give the same text");
}

/// Members of the workspace, which no registry has hashed.
const OURS: [&str; 5] = ["api", "correlate", "dashboards", "ingest", "store"];
