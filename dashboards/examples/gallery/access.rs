//! Believable sessions, attempts, tokens and mails for the gallery and the tests.

use dashboards::{
    AttemptRow, AttemptsPage, FormProblem, MailCondition, MailRow, MailsPage, Pager, Permission,
    ScopeChoice, ServiceTokensPage, SessionRow, SessionsPage, Shell, TokenForm, TokenLife,
    TokenRow, TokensPage, UserRole,
};

use crate::fixtures::NOW;

const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 86_400_000;
const TOKEN: &str = "pw_5f0c2a7be1d94c3fa6d0b9e8c7a1f2d35f0c2a7be1d94c3fa6d0b9e8c7a1f2d3";
const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:151.0) Gecko/20100101 Firefox/151.0";
const SAFARI: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 \
                      (KHTML, like Gecko) Version/26.0 Mobile/15E148 Safari/604.1";

pub(crate) fn sessions() -> Vec<SessionRow> {
    let row = |id: &str, minutes: i64, address: &str, agent: &str| SessionRow {
        id: id.to_owned(),
        created_at: NOW.plus_millis(-3 * minutes * MINUTE_MS),
        last_used_at: NOW.plus_millis(-minutes * MINUTE_MS),
        address: address.to_owned(),
        agent: agent.to_owned(),
        is_current: minutes == 1,
    };
    vec![
        row("a", 1, "192.0.2.17", FIREFOX),
        row("b", 54, "2001:db8:4:0:1234:5678:9abc:def0", SAFARI),
        row("c", 97, "198.51.100.4", "<script>alert(1)</script>"),
    ]
}

fn attempts(is_everybody: bool) -> Vec<AttemptRow> {
    let row = |minutes: i64, account: &str, result, agent: &str| AttemptRow {
        at: NOW.plus_millis(-minutes * MINUTE_MS),
        account: account.to_owned(),
        user: (is_everybody && result != "unknown-user").then(|| "u1".to_owned()),
        address: "192.0.2.17".to_owned(),
        agent: agent.to_owned(),
        result,
    };
    let own = "anna@ede.example";
    let mut rows = vec![
        row(3, own, "ok", FIREFOX),
        row(4, own, "throttled", SAFARI),
        row(5, own, "wrong-password", SAFARI),
    ];
    if is_everybody {
        rows.push(row(6, "<b>nobody</b>@example.net", "unknown-user", "curl/8.9.1"));
        rows.push(row(90, "dirk@example.net", "inactive", ""));
    }
    rows
}

pub(crate) fn own_sessions(shell: Shell) -> SessionsPage {
    SessionsPage { shell, sessions: sessions(), attempts: attempts(false), ended: Some(2) }
}

pub(crate) fn log(shell: Shell, is_everybody: bool) -> AttemptsPage {
    let rows = attempts(is_everybody);
    AttemptsPage {
        shell,
        is_everybody,
        account: String::new(),
        address: String::new(),
        result: String::new(),
        results: vec!["ok", "wrong-password", "unknown-user", "inactive", "throttled"],
        from: None,
        until: None,
        pager: Pager { page: 1, per_page: 5, total: rows.len() as u64 + 20 },
        rows,
        kept_days: 90,
    }
}

fn token(id: &str, name: &str, scopes: &[&str]) -> TokenRow {
    TokenRow {
        id: id.to_owned(),
        name: name.to_owned(),
        prefix: "pw_5f0c2a".to_owned(),
        created_at: NOW.plus_millis(-20 * DAY_MS),
        last_used_at: Some(NOW.plus_millis(-MINUTE_MS)),
        ends_at: Some(NOW.plus_millis(70 * DAY_MS)),
        works: true,
        scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
        role: None,
        customers: Vec::new(),
    }
}

fn form() -> TokenForm {
    let choice = |scope, permission, is_chosen| ScopeChoice {
        scope,
        permission,
        is_reading: scope == "read:sessions",
        is_chosen,
    };
    TokenForm {
        name: "Grafana".to_owned(),
        life: TokenLife::Year,
        scopes: vec![
            choice("read:services", Permission::ReadServices, true),
            choice("read:explanations", Permission::ExplainServices, false),
            choice("write:maintenance", Permission::PlanWork, false),
            choice("read:api-docs", Permission::ApiDocs, true),
        ],
        is_unbounded: false,
        role: UserRole::Klant,
        customers: "Gemeente Ede".to_owned(),
    }
}

pub(crate) fn tokens(shell: Shell) -> TokensPage {
    let over = TokenRow {
        last_used_at: None,
        ends_at: Some(NOW.plus_millis(-DAY_MS)),
        works: false,
        ..token("b", "Oud script", &[])
    };
    TokensPage {
        shell,
        fresh: Some(TOKEN.to_owned()),
        tokens: vec![token("a", "Grafana", &["read:services", "read:explanations"]), over],
        form: form(),
        problem: None,
        is_saved: false,
    }
}

pub(crate) fn service_tokens(shell: Shell) -> ServiceTokensPage {
    let billing = TokenRow {
        role: Some(UserRole::Klant),
        customers: vec!["Gemeente Ede".to_owned(), "Bakkerij <i>Smit</i>".to_owned()],
        ends_at: None,
        ..token("a", "Facturatie", &["read:services"])
    };
    ServiceTokensPage {
        shell,
        fresh: None,
        tokens: vec![billing],
        form: form(),
        problem: Some(FormProblem::TokenCustomers),
        is_saved: false,
    }
}

pub(crate) fn mails(shell: Shell, is_configured: bool) -> MailsPage {
    let row = |minutes: i64, subject: &str, condition, error: &str| MailRow {
        recipient: "anna@ede.example".to_owned(),
        subject: subject.to_owned(),
        condition,
        queued_at: NOW.plus_millis(-minutes * MINUTE_MS),
        attempts: 2,
        next_at: (condition == MailCondition::Waiting).then(|| NOW.plus_millis(MINUTE_MS)),
        ended_at: (condition != MailCondition::Waiting).then_some(NOW),
        error: error.to_owned(),
    };
    let busy = "connection refused by mail.example.net:587";
    MailsPage {
        shell,
        is_configured,
        condition: None,
        rows: vec![
            row(2, "Uitnodiging voor Padwacht", MailCondition::Waiting, busy),
            row(60, "Uw wachtwoord is gewijzigd", MailCondition::Sent, ""),
            row(90, "Nieuw wachtwoord", MailCondition::Failed, "550 no such user"),
            row(9_000, "Nieuw wachtwoord", MailCondition::Expired, busy),
        ],
        pager: Pager { page: 1, per_page: 50, total: 4 },
        waiting: 1,
        own_address: "m.degroot@example.net".to_owned(),
        is_tested: is_configured,
        hurried: None,
    }
}
