//! The browser's files: scripts, styles, font, icons; all inside the binary.
//!
//! `npm run build` writes them to `dist/` under names that hold a hash of
//! their content, and `manifest.json` maps the plain names to those. Debug
//! builds read the folder at run time, release builds carry it.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::LazyLock;

use rust_embed::RustEmbed;

use crate::urls;

#[derive(RustEmbed)]
#[folder = "dist/"]
struct Files;

const MANIFEST: &str = "manifest.json";

/// The `Content-Security-Policy` under which every page works: nothing inline,
/// nothing evaluated, nothing from another host. `data:` images are the
/// arrows and crosses inside Bootstrap's style sheet.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; \
     style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; \
     form-action 'self'; base-uri 'none'; frame-ancestors 'none'; object-src 'none'";

/// A file for the browser.
#[derive(Clone, Debug)]
pub struct Asset {
    /// Its content.
    pub bytes: Cow<'static, [u8]>,
    /// The value of `Content-Type`.
    pub content_type: &'static str,
    /// Whether its name holds a hash of its content, so that it may be cached
    /// for ever (`Cache-Control: public, max-age=31536000, immutable`).
    pub immutable: bool,
}

/// The file of that name (the part after `/assets/`), if there is one.
pub fn asset(path: &str) -> Option<Asset> {
    if path == MANIFEST {
        return None;
    }
    let file = Files::get(path)?;
    Some(Asset {
        bytes: file.data,
        content_type: content_type(path),
        immutable: NAMES.values().any(|hashed| hashed == path),
    })
}

/// The address of the asset with this plain name, such as `app.css`.
pub(crate) fn address(name: &str) -> String {
    urls::asset(NAMES.get(name).map_or(name, String::as_str))
}

static NAMES: LazyLock<HashMap<String, String>> = LazyLock::new(|| {
    let manifest = Files::get(MANIFEST).expect("build.rs refuses to build without the manifest");
    serde_json::from_slice(&manifest.data).expect("build.mjs writes the manifest as JSON")
});

fn content_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, extension)| extension) {
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("woff2") => "font/woff2",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const USED: [&str; 7] = [
        "app.css",
        "app.js",
        "service.js",
        "theme.js",
        "icons.svg",
        "favicon.svg",
        "third-party-licenses.txt",
    ];

    #[test]
    fn every_file_that_pages_name_is_served_for_ever() {
        for name in USED {
            let address = address(name);
            let path = address.strip_prefix("/assets/").expect("assets have one prefix");
            assert_ne!(path, name, "{name} must be served under a hashed name");
            let asset = asset(path).expect("the manifest names files that exist");
            assert!(asset.immutable, "{path}");
            assert_ne!(asset.content_type, "application/octet-stream", "{path}");
            assert!(!asset.bytes.is_empty(), "{path}");
        }
    }

    #[test]
    fn nothing_else_is_served() {
        for path in ["manifest.json", "../Cargo.toml", "", "nothing.js", "/etc/passwd"] {
            assert!(asset(path).is_none(), "{path}");
        }
    }
}
