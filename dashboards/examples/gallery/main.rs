//! Writes every page as a file, with believable data, to look at and to take
//! screenshots of: `cargo run -p dashboards --example gallery -- DIR`, then
//! serve DIR with any static web server.

mod access;
mod docs;
mod factors;
mod fixtures;
mod people;
mod sources;
mod why;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use dashboards::{
    FormProblem, Lang, LoginError, OverviewPage, Render, ServiceFilter, ServicesPage, TableHome,
    UserStanding, Zoom,
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
        write("sources", &sources::sources(fixtures::shell(lang, "/sources")))?;
        write("sources-none", &sources::none(fixtures::shell(lang, "/sources")))?;
        write("source", &sources::source(fixtures::shell(lang, "/sources/ams1")))?;
        write("source-new", &sources::new(fixtures::shell(lang, "/sources/new")))?;
        write("account-new", &sources::account_new(fixtures::shell(lang, "/sources/new")))?;
        for (name, is_well) in [("account", true), ("account-wrong", false)] {
            let shell = fixtures::shell(lang, "/sources/ams1/account");
            write(name, &sources::account(shell, is_well))?;
        }
        write("unwatched", &sources::unwatched_page(fixtures::shell(lang, "/unwatched")))?;
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
        let manual = dashboards::ManualPage {
            shell: fixtures::shell(lang, "/manual/librenms"),
            manual: dashboards::Manual::LibreNms,
        };
        write("manual", &manual)?;
        write("docs", &docs::docs(fixtures::shell(lang, "/docs")))?;
        write("push-nothing", &fixtures::push_nothing(fixtures::shell(lang, here)))?;
        let shell = |here: &str| fixtures::shell(lang, here);
        write("users", &people::users(shell("/users")))?;
        write("user", &people::user(shell("/users/1"), UserStanding::Active, None))?;
        write("user-invited", &people::user(shell("/users/1"), UserStanding::Invited, None))?;
        let stale = Some(FormProblem::Stale);
        write("user-problem", &people::user(shell("/users/1"), UserStanding::Banned, stale))?;
        write("user-new", &people::new_user(shell("/users/new")))?;
        write("user-read", &people::user_read_only(shell("/users/1")))?;
        write("users-import-refused", &people::import_refused(shell("/users/import")))?;
        write("users-import", &people::import(shell("/users/import"), false))?;
        write("users-imported", &people::import(shell("/users/import"), true))?;
        write("register-asks", &people::register_asks(shell("/register")))?;
        write("register", &people::register(shell("/register"), true))?;
        write("register-gone", &people::register(shell("/register"), false))?;
        write("profile", &people::profile(shell("/profile"), None))?;
        let problem = Some(dashboards::SignOnProblem::LinkTaken);
        write("profile-sign-on", &people::profile(shell("/profile"), problem))?;
        write("sign-on-leave", &people::sign_on_leave(shell("/profile")))?;
        let manual = dashboards::ManualPage {
            shell: shell("/manual/single-sign-on"),
            manual: dashboards::Manual::SignOn,
        };
        write("manual-sign-on", &manual)?;
        write("second-factor", &factors::second(shell("/login/code"), true))?;
        write("second-factor-passkey", &factors::second(shell("/login/code"), false))?;
        write("confirm", &factors::confirm(shell("/confirm")))?;
        write("security", &factors::security(shell("/profile/security"), true))?;
        write("security-required", &factors::security(shell("/profile/security"), false))?;
        write("totp", &factors::totp(shell("/profile/security/totp")))?;
        write("recovery-codes", &factors::codes(shell("/profile/security")))?;
        write("customers", &people::customers(shell("/customers")))?;
        write("customer", &people::customer(shell("/customers/1"), true))?;
        write("customer-read", &people::customer(shell("/customers/1"), false))?;
        write("audit", &people::audit(shell("/audit"), Some(people::whole())))?;
        write("audit-broken", &people::audit(shell("/audit"), Some(people::broken())))?;
        write("sessions", &access::own_sessions(shell("/profile/sessions")))?;
        write("tokens", &access::tokens(shell("/profile/tokens")))?;
        write("service-tokens", &access::service_tokens(shell("/service-tokens")))?;
        write("attempts", &access::log(shell("/login-attempts"), true))?;
        write("attempts-own", &access::log(shell("/login-attempts"), false))?;
        write("mails", &access::mails(shell("/mails"), true))?;
        write("mails-unconfigured", &access::mails(shell("/mails"), false))?;
        write("permissions", &people::permissions(shell("/permissions")))?;
        write("login", &fixtures::login(lang, None))?;
        let problem = LoginError::SignOn(dashboards::SignOnProblem::NotMapped);
        write("login-sign-on", &fixtures::login(lang, Some(problem)))?;
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
