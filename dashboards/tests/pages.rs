//! Every page, rendered in both languages with many, one and no rows: what
//! must hold of all of them, and what each must say.

#[path = "../examples/gallery/access.rs"]
mod access;
#[path = "../examples/gallery/docs.rs"]
mod docs;
#[path = "../examples/gallery/factors.rs"]
mod factors;
#[path = "../examples/gallery/fixtures.rs"]
mod fixtures;
#[path = "../examples/gallery/people.rs"]
mod people;
#[path = "../examples/gallery/sources.rs"]
mod sources;
#[path = "../examples/gallery/why.rs"]
mod why;

use dashboards::{
    FormProblem, Lang, LoginError, OverviewLivePartial, OverviewPage, PlanRefusal, Render,
    SecurityDone, SecurityPage, ServiceFilter, ServicePage, ServicesPage, SignOnProblem, TableHome,
    UserStanding, Zoom, asset,
};

/// Every page with a name for messages.
fn pages(lang: Lang) -> Vec<(&'static str, String)> {
    let shell = || fixtures::shell(lang, "/?q=\"><x");
    let render = |page: &dyn Render| page.render().expect("pages render");
    let mut pages = vec![
        ("overview", render(&fixtures::overview(shell()))),
        ("troubled", render(&fixtures::overview(fixtures::troubled_shell(lang, "/")))),
        (
            "calm",
            render(&OverviewPage {
                shell: shell(),
                live: fixtures::calm_live(),
                table: fixtures::empty_table(ServiceFilter::default()),
            }),
        ),
        ("services", render(&fixtures::services(shell()))),
        ("set aside", render(&fixtures::set_aside(shell()))),
        ("sources", render(&sources::sources(shell()))),
        ("no sources", render(&sources::none(shell()))),
        ("source", render(&sources::source(shell()))),
        ("new source", render(&sources::new(shell()))),
        ("new account", render(&sources::account_new(shell()))),
        ("account", render(&sources::account(shell(), true))),
        ("account that fails", render(&sources::account(shell(), false))),
        ("unwatched", render(&sources::unwatched_page(shell()))),
        ("service", render(&fixtures::service(shell(), Zoom::Days7))),
        (
            "service as known earlier",
            render(&ServicePage {
                as_of: Some(fixtures::NOW.plus_millis(-60_000)),
                ..fixtures::service(shell(), Zoom::Days7)
            }),
        ),
        ("why", render(&why::why(shell(), None))),
        ("why then", render(&why::why(shell(), Some(fixtures::NOW)))),
        ("why nothing", render(&why::why_nothing(shell()))),
        ("plan", render(&why::plan(shell()))),
        ("plan form", render(&why::plan_form(shell(), None))),
        ("plan refused", render(&why::plan_form(shell(), Some(PlanRefusal::Period)))),
        ("security", render(&factors::security(shell(), true))),
        ("security required", render(&factors::security(shell(), false))),
        ("totp", render(&factors::totp(shell()))),
        ("second factor", render(&factors::second(shell(), false))),
        ("confirm", render(&factors::confirm(shell()))),
        ("recovery codes", render(&factors::codes(shell()))),
        ("push", render(&fixtures::push(shell(), true))),
        ("push later", render(&fixtures::push(shell(), false))),
        ("manual", render(&manual(shell(), dashboards::Manual::LibreNms))),
        ("manual sign-on", render(&manual(shell(), dashboards::Manual::SignOn))),
        ("docs", render(&docs::docs(shell()))),
        ("sign-on leave", render(&people::sign_on_leave(shell()))),
        ("push nothing", render(&fixtures::push_nothing(shell()))),
        ("new service", render(&fixtures::new_service(shell()))),
        ("users", render(&people::users(shell()))),
        ("user", render(&people::user(shell(), UserStanding::Active, None))),
        ("user invited", render(&people::user(shell(), UserStanding::Invited, None))),
        ("user inactive", render(&people::user(shell(), UserStanding::Inactive, None))),
        (
            "user problem",
            render(&people::user(shell(), UserStanding::Banned, Some(FormProblem::Stale))),
        ),
        ("user new", render(&people::new_user(shell()))),
        ("user read only", render(&people::user_read_only(shell()))),
        ("users import", render(&people::import(shell(), false))),
        ("users imported", render(&people::import(shell(), true))),
        ("users import refused", render(&people::import_refused(shell()))),
        ("register asks", render(&people::register_asks(shell()))),
        ("register", render(&people::register(shell(), true))),
        ("register gone", render(&people::register(shell(), false))),
        ("profile", render(&people::profile(shell(), None))),
        ("profile sign-on", render(&people::profile(shell(), Some(SignOnProblem::LinkTaken)))),
        ("customers", render(&people::customers(shell()))),
        ("customer", render(&people::customer(shell(), true))),
        ("customer read only", render(&people::customer(shell(), false))),
        ("audit", render(&people::audit(shell(), None))),
        ("audit whole", render(&people::audit(shell(), Some(people::whole())))),
        ("audit broken", render(&people::audit(shell(), Some(people::broken())))),
        ("permissions", render(&people::permissions(shell()))),
        ("sessions", render(&access::own_sessions(shell()))),
        ("tokens", render(&access::tokens(shell()))),
        ("service tokens", render(&access::service_tokens(shell()))),
        ("attempts", render(&access::log(shell(), true))),
        ("own attempts", render(&access::log(shell(), false))),
        ("mails", render(&access::mails(shell(), true))),
        ("mails without a server", render(&access::mails(shell(), false))),
        ("login", render(&fixtures::login(lang, None))),
        ("login error", render(&fixtures::login(lang, Some(LoginError::BadCredentials)))),
        (
            "login wait",
            render(&fixtures::login(lang, Some(LoginError::TooManyAttempts { retry_after_s: 61 }))),
        ),
    ];
    pages.extend(fixtures::errors(lang).iter().map(|page| ("error", render(page))));
    pages
}

fn manual(shell: dashboards::Shell, manual: dashboards::Manual) -> dashboards::ManualPage {
    dashboards::ManualPage { shell, manual }
}

fn all_pages() -> impl Iterator<Item = (&'static str, String)> {
    Lang::ALL.into_iter().flat_map(pages)
}

fn attributes<'a>(html: &'a str, name: &str) -> Vec<&'a str> {
    let start = format!(" {name}=\"");
    html.split(&start).skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

#[test]
fn nothing_inline_breaks_the_content_security_policy() {
    for (name, html) in all_pages() {
        assert!(!html.contains("<style"), "{name} has a style block");
        assert!(!html.contains(" style="), "{name} has an inline style");
        assert!(!html.contains("javascript:"), "{name} has a script address");
        for tag in html.split("<script").skip(1) {
            let open = tag.split('>').next().expect("split has a first part");
            let is_data = open.contains("type=\"application/json\"");
            assert!(is_data || open.contains(" src=\"/assets/"), "{name}: <script{open}>");
        }
        for tag in html.split('<').skip(1) {
            let open = tag.split('>').next().expect("split has a first part");
            assert!(
                !open.split_whitespace().any(|word| word.starts_with("on") && word.contains("=\"")),
                "{name} has an event handler: <{open}>"
            );
        }
    }
}

#[test]
fn text_from_outside_stays_text() {
    let html = fixtures::new_service(fixtures::shell(Lang::English, "/?q=\"><x")).render();
    let html = html.expect("pages render");
    assert!(!html.contains("<script>alert"), "a service's name became markup");
    assert!(!html.contains("value=\"/?q=\"><x"), "an address left its attribute");
    assert!(html.contains("/services/new%2F1"), "an id must be encoded in addresses");
}

#[test]
fn every_asset_and_icon_exists() {
    let sprite = all_pages()
        .flat_map(|(_, html)| {
            let found: Vec<String> =
                attributes(&html, "href").into_iter().map(str::to_owned).collect();
            found
        })
        .filter_map(|href| href.strip_prefix("/assets/").map(str::to_owned))
        .collect::<std::collections::BTreeSet<_>>();
    assert!(sprite.len() > 20, "only {} addresses of assets", sprite.len());
    for address in sprite {
        let (file, icon) = address.split_once('#').unwrap_or((&address, ""));
        let asset = asset(file).unwrap_or_else(|| panic!("{address} is not served"));
        let text = String::from_utf8_lossy(&asset.bytes);
        assert!(
            icon.is_empty() || text.contains(&format!("<symbol id=\"{icon}\"")),
            "{icon} is not in assets/icons.json"
        );
    }
}

#[test]
fn ids_are_unique_and_every_reference_finds_one() {
    for (name, html) in all_pages() {
        let ids = attributes(&html, "id");
        let mut sorted = ids.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(sorted.len(), ids.len(), "{name} uses an id twice: {ids:?}");
        for attribute in ["for", "aria-labelledby", "aria-describedby", "aria-controls"] {
            for reference in attributes(&html, attribute) {
                assert!(
                    ids.contains(&reference),
                    "{name}: {attribute}=\"{reference}\" finds nothing"
                );
            }
        }
    }
}

#[test]
fn every_page_has_one_heading_a_language_and_a_way_past_the_menu() {
    for lang in Lang::ALL {
        for (name, html) in pages(lang) {
            assert_eq!(html.matches("<h1").count(), 1, "{name}");
            assert!(html.contains(&format!("<html lang=\"{}\"", lang.code())), "{name}");
            assert!(html.contains("class=\"skip-link\" href=\"#main\""), "{name}");
        }
    }
}

#[test]
fn a_state_is_said_in_words_and_not_only_coloured() {
    let html = fixtures::overview(fixtures::shell(Lang::Dutch, "/")).render().expect("renders");
    for word in ["Storing", "Verminderd", "Onbekend", "Onderhoud", "In bedrijf"] {
        assert!(html.contains(&format!("<span>{word}</span>")), "{word}");
    }
}

#[test]
fn no_figure_shows_as_a_dash_and_never_as_zero() {
    let html = fixtures::new_service(fixtures::shell(Lang::Dutch, "/")).render().expect("renders");
    assert!(html.contains("<dd class=\"num\">–</dd>"));
    let texts = html.split('<').filter_map(|tag| tag.split_once('>').map(|(_, text)| text));
    let percent = texts.into_iter().find(|text| text.contains('%'));
    assert_eq!(percent, None, "a missing figure became a number");
}

#[test]
fn the_overview_names_what_is_down_and_why() {
    let dutch = fixtures::overview(fixtures::shell(Lang::Dutch, "/")).render().expect("renders");
    for text in
        ["9 services in storing", "agg-zut-02.zutphen", "17 min 23 s", "1.215 services", "99,83%"]
    {
        assert!(dutch.contains(text), "{text}");
    }
    let english =
        fixtures::overview(fixtures::shell(Lang::English, "/")).render().expect("renders");
    for text in ["9 services are down", "1,215 services", "99.83%", "17 more services"] {
        assert!(english.contains(text), "{text}");
    }
}

#[test]
fn the_live_part_is_the_same_as_on_the_page() {
    let page = fixtures::overview(fixtures::shell(Lang::Dutch, "/")).render().expect("renders");
    let partial = OverviewLivePartial {
        locale: fixtures::locale(Lang::Dutch),
        now: fixtures::NOW,
        live: fixtures::live(),
    };
    let partial = partial.render().expect("renders");
    assert!(page.contains(partial.trim()), "the partial differs from the page");
}

#[test]
fn notices_say_which_source_since_when_and_what_it_means() {
    let shell = fixtures::troubled_shell(Lang::English, "/");
    let html = fixtures::overview(shell).render().expect("renders");
    for text in [
        "Source zut1 does not answer.",
        "turns unknown",
        "Source ams1 gives doubtful answers.",
        "yesterday 12:42",
        "The data are behind.",
    ] {
        assert!(html.contains(text), "{text}");
    }
}

#[test]
fn the_table_keeps_its_filter_through_links_and_fields() {
    let filter = ServiceFilter { query: "a \"b\"".to_owned(), ..ServiceFilter::default() };
    let mut table = fixtures::table(TableHome::Services, ServiceFilter::default());
    table.filter = filter;
    let page = ServicesPage { table, ..fixtures::services(fixtures::shell(Lang::English, "/")) };
    let html = page.render().expect("renders");
    assert!(html.contains("href=\"/services?q=a%20%22b%22&amp;page=2\""));
    assert!(html.contains("value=\"a &#34;b&#34;\""));
}

#[test]
fn the_service_page_links_to_its_csv_and_keeps_its_zoom() {
    let page = fixtures::service(fixtures::shell(Lang::English, "/"), Zoom::Days30);
    let html = page.render().expect("renders");
    assert!(html.contains("href=\"/services/svc-10304/intervals.csv\""));
    assert!(html.contains("href=\"/services/svc-10304?zoom=30d&amp;page=2\""));
    assert!(html.contains("sse-connect=\"/events?service=svc-10304\""));
}

#[test]
fn an_explanation_says_in_words_what_decided_and_what_is_to_blame() {
    let words =
        |lang, as_of| why::why(fixtures::shell(lang, "/"), as_of).render().expect("pages render");
    let english = words(Lang::English, None);
    for text in [
        "maintenance does not explain it",
        "2 of 3 needed",
        "2 up, 1 unknown → Up",
        "Without unplanned failures: 1 up, 1 down → Up",
        "Kernring Zutphen",
        "service, shown elsewhere in this path",
        "service, does not exist then",
        "never measured",
        "Samples behind Gi0/0/12",
        "3/104711",
        "Gi0/0/12 · agg-zut-02.zutphen",
    ] {
        assert!(english.contains(text), "{text}");
    }
    assert!(!english.contains("This is not what is recorded"));
    let dutch = words(Lang::Dutch, Some(fixtures::NOW));
    for text in ["onderhoud verklaart dat niet", "2 van 3 nodig", "Zoals bekend op", "niet bewaard"]
    {
        assert!(dutch.contains(text), "{text}");
    }
    assert!(dutch.contains("/services/ring/why?at="), "a reference leads to its own explanation");
}

#[test]
fn the_documentation_of_the_api_is_english_in_a_page_in_either_language() {
    let html = docs::docs(fixtures::shell(Lang::Dutch, "/docs")).render().expect("renders");
    for text in [
        "Documentatie van de API",
        "<h3 id=\"put_service-heading\"><a href=\"#put_service\">",
        "lang=\"en\">Services, by <code>name</code>.",
        "<span class=\"docs-within\">services[].</span>state",
        "What it is <em>now</em>, a &lt;b&gt;word&lt;/b&gt;",
        "Scope van het token: <code>read:services</code>",
        "Een van: <code>up</code>, <code>down</code>",
        "Standaard: <code>100</code>",
        "verplicht",
        "href=\"/docs\" aria-current=\"page\"",
    ] {
        assert!(html.contains(text), "{text}");
    }
    assert!(!html.contains("<script>that"), "a description became a script");
}

#[test]
fn the_trail_names_what_was_changed_and_leads_to_it() {
    let page = people::audit(fixtures::shell(Lang::Dutch, "/audit"), None);
    let html = page.render().expect("renders");
    let customer = page.rows.iter().find_map(|row| row.object.strip_prefix("customer/"));
    let customer = customer.expect("a change of a customer");
    assert!(html.contains(&format!("<a href=\"/customers/{customer}\">")), "{customer}");
    assert!(html.contains("<span class=\"sub\">Gemeente Ede</span>"));
}

#[test]
fn an_account_is_removed_only_by_whoever_says_so() {
    let page = sources::account(fixtures::shell(Lang::Dutch, "/"), true);
    let html = page.render().expect("renders");
    assert!(html.contains("name=\"sure\" value=\"1\" required"));
}

#[test]
fn an_error_says_how_long_to_wait_and_what_was_wrong() {
    let pages: Vec<String> =
        fixtures::errors(Lang::Dutch).iter().map(|page| page.render().expect("renders")).collect();
    let says = |words: &str| pages.iter().filter(|page| page.contains(words)).count();
    assert_eq!(says("Probeer het over 5 s opnieuw."), 1);
    assert_eq!(says("<li>from: must be before to</li>"), 1);
    assert_eq!(says(">429</p>"), 1);
}

#[test]
fn a_plan_shows_its_clashes_first_and_keeps_what_was_chosen() {
    let html = why::plan(fixtures::shell(Lang::English, "/what-if")).render().expect("renders");
    let place = |text: &str| html.find(text).unwrap_or_else(|| panic!("{text} is missing"));
    assert!(place("Clashes with other planned work") < place("Services hit"));
    place("CHG-4711");
    place("1,204 Degraded");
    place("24 ports are counted with it.");
    place("No service needs agg-zut-08.zutphen");
    assert_eq!(html.matches("name=\"t\" value=\"zut1/device/1\"").count(), 2, "both forms");
    assert!(html.contains("value=\"zut1/device/1\" checked"));
}

#[test]
fn what_was_believed_earlier_says_so_and_does_not_move() {
    let as_of = Some(fixtures::NOW.plus_millis(-60_000));
    let page = fixtures::service(fixtures::shell(Lang::English, "/"), Zoom::Days30);
    let html = ServicePage { as_of, ..page }.render().expect("renders");
    assert!(html.contains("As known on"));
    assert!(!html.contains("sse-connect") && !html.contains("every 60s"), "it is not live");
    assert!(html.contains("/intervals.csv?as_of="));
    assert!(html.contains("/why?at="), "every interval leads to its explanation");
}

#[test]
fn after_a_change_of_factors_other_sessions_can_be_ended() {
    let page = || factors::security(fixtures::shell(Lang::English, "/profile/security"), true);
    let offered = |done: Option<SecurityDone>| {
        let html = SecurityPage { done, ..page() }.render().expect("renders");
        html.contains("action=\"/profile/sessions/revoke\"") && html.contains("name=\"others\"")
    };
    assert!(!offered(None));
    // A password ends them by itself.
    assert!(!offered(Some(SecurityDone::Password)));
    for done in SecurityDone::ALL.into_iter().filter(|done| *done != SecurityDone::Password) {
        assert!(offered(Some(done)), "{done:?}");
    }
    let codes = factors::codes(fixtures::shell(Lang::English, "/profile/security"));
    assert!(codes.render().expect("renders").contains("id=\"end-others\""));
}
