//! Writes every page as a file, with believable data, to look at and to take
//! screenshots of: `cargo run -p dashboards --example gallery -- DIR`, then
//! serve DIR with any static web server.

mod fixtures;
mod why;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use dashboards::{
    Lang, LoginError, OverviewPage, Render, ServiceFilter, ServicesPage, TableHome, Zoom,
};

fn main() -> Result<()> {
    let out = PathBuf::from(std::env::args().nth(1).context("usage: gallery DIR")?);
    for lang in Lang::ALL {
        let code = lang.code();
        let write =
            |name: &str, page: &dyn Render| write_page(&out, &format!("{name}.{code}.html"), page);
        write("overview", &fixtures::overview(fixtures::shell(lang, "/")))?;
        write("overview-troubled", &fixtures::overview(fixtures::troubled_shell(lang, "/")))?;
        let calm = OverviewPage {
            shell: fixtures::shell(lang, "/"),
            live: fixtures::calm_live(),
            table: fixtures::table(TableHome::Overview, ServiceFilter::default()),
        };
        write("overview-calm", &calm)?;
        write("services", &fixtures::services(fixtures::shell(lang, "/services")))?;
        let filter = ServiceFilter { query: "xyzzy".to_owned(), ..ServiceFilter::default() };
        let nothing = ServicesPage {
            table: fixtures::empty_table(filter),
            ..fixtures::services(fixtures::shell(lang, "/services?q=xyzzy"))
        };
        write("services-nothing", &nothing)?;
        write("set-aside", &fixtures::set_aside(fixtures::shell(lang, "/set-aside")))?;
        write("service", &fixtures::service(fixtures::shell(lang, "/services/x"), Zoom::Hours24))?;
        write(
            "service-30d",
            &fixtures::service(fixtures::shell(lang, "/services/x"), Zoom::Days30),
        )?;
        write("service-new", &fixtures::new_service(fixtures::shell(lang, "/services/new")))?;
        let here = "/services/svc-1/why";
        write("why", &why::why(fixtures::shell(lang, here), None))?;
        write("why-then", &why::why(fixtures::shell(lang, here), Some(fixtures::NOW)))?;
        write("why-nothing", &why::why_nothing(fixtures::shell(lang, here)))?;
        write("what-if", &why::plan(fixtures::shell(lang, "/what-if")))?;
        write("what-if-form", &why::plan_form(fixtures::shell(lang, "/what-if"), None))?;
        let here = "/sources/ams1/push";
        write("push", &fixtures::push(fixtures::shell(lang, here), true))?;
        let manual = dashboards::ManualPage { shell: fixtures::shell(lang, "/manual/librenms") };
        write("manual", &manual)?;
        write("push-nothing", &fixtures::push_nothing(fixtures::shell(lang, here)))?;
        write("login", &fixtures::login(lang, None))?;
        write("login-error", &fixtures::login(lang, Some(LoginError::BadCredentials)))?;
        for page in fixtures::errors(lang) {
            write(&format!("error-{}", page.kind.status()), &page)?;
        }
    }
    copy_assets(&out)
}

fn write_page(out: &Path, name: &str, page: &dyn Render) -> Result<()> {
    write_file(&out.join(name), page.render()?.as_bytes())
}

fn copy_assets(out: &Path) -> Result<()> {
    let dist = Path::new(env!("CARGO_MANIFEST_DIR")).join("dist");
    for entry in fs::read_dir(&dist).context("reading dist")? {
        let name = entry?.file_name();
        if let Some(asset) = name.to_str().and_then(dashboards::asset) {
            write_file(&out.join("assets").join(&name), &asset.bytes)?;
        }
    }
    Ok(())
}

fn write_file(path: &Path, bytes: &[u8]) -> Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(|| format!("creating {}", folder.display()))?;
    }
    fs::write(path, bytes).with_context(|| format!("writing {}", path.display()))
}
