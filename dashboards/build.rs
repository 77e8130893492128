//! Stops the build with a plain sentence when the browser assets have not
//! been made yet. It never runs npm itself: a Rust build stays offline.

use std::path::Path;

fn main() {
    println!("cargo::rerun-if-changed=dist");
    println!("cargo::rerun-if-changed=locales");
    println!("cargo::rerun-if-changed=templates");
    if !Path::new("dist/manifest.json").is_file() {
        println!(
            "cargo::error=dashboards/dist/manifest.json is missing: run `make assets` \
             (or `npm ci && npm run build` in dashboards/) once, then build again"
        );
    }
}
