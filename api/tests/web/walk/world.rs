//! Three customers who share a router, and everybody who could look at them:
//! each with a session, an API token and a passkey of their own.

use std::collections::BTreeMap;
use std::sync::Arc;

use api::issue_api_token;
use correlate::model::{ComponentState, ServiceDefinition, ServiceState};
use reqwest::Method;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use store::records::{
    AccountDraft, Actor, CustomerDraft, CustomerId, PasskeyDraft, PushSecretDraft, Role,
    ServiceDraft, SessionDraft, SourceReport, SourceState, TokenHash, UserDraft, UserId,
};
use store::series::{ComponentDimension, ServiceDimension};
use store::wire::triggers_topic;

use super::kinds::Kind;
use crate::accounts::{Desk, TOKEN};
use crate::rig::{ADMIN, NOW, TestApp, interval, transition};

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;
/// The account of which everything is read.
pub(crate) const SOURCE: &str = "ams1";

/// A customer, what is theirs alone, and who acts for them.
pub(crate) struct Party {
    pub(crate) customer: CustomerId,
    pub(crate) service: &'static str,
    /// A component under their service alone.
    pub(crate) component: &'static str,
}

/// Somebody who asks, in one way or another.
pub(crate) struct Caller {
    pub(crate) name: &'static str,
    pub(crate) role: Role,
    pub(crate) user: UserId,
    pub(crate) cookie: String,
    pub(crate) bearer: String,
    /// The ids of their own session, API token and passkey.
    pub(crate) session: String,
    pub(crate) token: String,
    pub(crate) passkey: String,
    /// The parties that are theirs, by number.
    pub(crate) parties: &'static [usize],
    /// The callers whom they may know of: their users, or their account manager.
    pub(crate) users: &'static [&'static str],
}

impl Caller {
    pub(crate) fn email(&self) -> String {
        format!("{}@example.net", self.name)
    }
}

pub(crate) struct World {
    pub(crate) app: TestApp,
    pub(crate) parties: [Party; 3],
    pub(crate) callers: Vec<Caller>,
    /// What is about the installation, by kind: for administrators.
    pub(crate) installation: BTreeMap<Kind, String>,
}

impl World {
    pub(crate) async fn new() -> World {
        let entering = Arc::new(Desk::new());
        let app = TestApp::start_configured(|config| config.nms = Some(entering)).await;
        app.log.ensure_topic(&triggers_topic()).await.expect("the topic is made");
        let parties = parties(&app).await;
        series(&app, &parties).await;
        let callers = callers(&app, &parties).await;
        let installation = installation(&app).await;
        World { app, parties, callers, installation }
    }

    pub(crate) fn caller(&self, name: &str) -> &Caller {
        self.callers.iter().find(|caller| caller.name == name).expect("somebody of that name")
    }

    /// The latest entry of the audit trail: another one says that something changed.
    pub(crate) async fn latest_change(&self) -> Value {
        let bearer = self.caller("beheer").bearer.as_str();
        let told = self.app.get("/api/v1/audit?limit=1", &[("authorization", bearer)]).await;
        told.expect(200).json()["entries"][0].clone()
    }
}

async fn parties(app: &TestApp) -> [Party; 3] {
    let actor = Actor::new("test", NOW);
    let mut parties = Vec::new();
    for (name, service, component) in [
        ("Ede", "line-ede", "n/device/2"),
        ("Rivaal BV", "line-riv", "n/device/3"),
        ("Derde BV", "line-der", "n/device/4"),
    ] {
        let draft = CustomerDraft::named(name);
        let customer = app.records.customers().create(&actor, &draft).await.expect("added");
        let path = json!({"id": service, "path": {"all": ["n/device/1", component]}});
        let draft = ServiceDraft {
            definition: ServiceDefinition::from_json(&path, &|_| None).expect("valid"),
            name: format!("Line of {name}"),
            customer: Some(name.to_owned()),
            description: String::new(),
            active: true,
        };
        app.records.services().create(&actor, &draft).await.expect("created");
        parties.push(Party { customer, service, component });
    }
    parties.try_into().ok().expect("three")
}

async fn series(app: &TestApp, parties: &[Party]) {
    let (began, failed) = (NOW.plus_millis(-48 * HOUR_MS), NOW.plus_millis(-HOUR_MS));
    let (mut intervals, mut transitions) = (Vec::new(), Vec::new());
    for party in parties {
        intervals.push(interval(party.service, began, Some(failed), ServiceState::Up, &[]));
        let cause = ["n/device/1", party.component];
        intervals.push(interval(party.service, failed, None, ServiceState::Down, &cause));
        transitions.push(transition(party.component, failed, ComponentState::Down));
    }
    transitions.push(transition("n/device/1", failed, ComponentState::Down));
    app.store(1, intervals, transitions).await;
    let services: Vec<_> = parties
        .iter()
        .map(|party| ServiceDimension {
            id: party.service.into(),
            name: format!("Line {}", party.service),
            customer: party.customer.to_string(),
            product: String::new(),
            speed_mbps: 0,
            description: String::new(),
        })
        .collect();
    app.series.upsert_services(&services, 1).await.expect("written");
    let owners: Vec<_> =
        parties.iter().map(|party| (party.service.into(), party.customer.to_string())).collect();
    app.series.upsert_service_customers(&owners, 1).await.expect("written");
    let device = |id: &str| ComponentDimension {
        id: id.into(),
        kind: "device".to_owned(),
        name: id.replace('/', "."),
        device: id.into(),
        device_name: id.replace('/', "."),
        site: String::new(),
        description: String::new(),
    };
    let mut devices = vec![device("n/device/1")];
    devices.extend(parties.iter().map(|party| device(party.component)));
    app.series.upsert_components(&devices, 1).await.expect("written");
}

async fn callers(app: &TestApp, parties: &[Party; 3]) -> Vec<Caller> {
    let mut callers = Vec::new();
    for (name, role, of, users) in [
        ("beheer", Role::Beheer, [].as_slice(), [].as_slice()),
        ("manager", Role::Accountmanager, &[0], &["klant", "both"]),
        ("klant", Role::Klant, &[0], &["manager"]),
        ("rival", Role::Klant, &[1], &[]),
        ("both", Role::Klant, &[0, 1], &["manager"]),
        ("third", Role::Klant, &[2], &[]),
    ] {
        let acts_for = match role {
            Role::Klant => of.iter().map(|party: &usize| parties[*party].customer).collect(),
            Role::Beheer | Role::Accountmanager => Vec::new(),
        };
        callers.push(caller(app, name, role, &acts_for, of, users).await);
    }
    let actor = Actor::new("test", NOW);
    let manager = callers.iter().find(|one| one.name == "manager").map(|one| one.user);
    let assigned = CustomerDraft { account_manager: manager, ..CustomerDraft::named("Ede") };
    let customers = app.records.customers();
    customers.update(&actor, parties[0].customer, &assigned, None).await.expect("assigned");
    callers
}

async fn caller(
    app: &TestApp,
    name: &'static str,
    role: Role,
    acts_for: &[CustomerId],
    parties: &'static [usize],
    users: &'static [&'static str],
) -> Caller {
    let actor = Actor::new("test", NOW);
    let email = format!("{name}@example.net");
    let draft =
        UserDraft { customers: acts_for.iter().copied().collect(), ..UserDraft::new(email, role) };
    let user = app.records.users().create(&actor, &draft, &"h".into()).await.expect("a user");
    let secret = format!("session of {name}");
    let draft = SessionDraft {
        token: TokenHash::of(&secret),
        user,
        at: NOW,
        idle_timeout_ms: DAY_MS,
        absolute_timeout_ms: DAY_MS,
        user_agent: String::new(),
        address: String::new(),
    };
    let session = app.records.sessions().create(&draft).await.expect("a session");
    let issued = issue_api_token(&app.records, &actor, user, name, None).await;
    let (token, bearer) = issued.expect("a token");
    let draft = PasskeyDraft {
        name: format!("Passkey of {name}"),
        credential_id: TokenHash::of(name).to_hex(),
        credential: "{}".to_owned(),
    };
    let factors = app.records.factors();
    let passkey = factors.add_passkey(&actor, user, &draft, None).await.expect("a passkey");
    Caller {
        name,
        role,
        user,
        cookie: format!("padwacht_session={secret}"),
        bearer: format!("Bearer {}", bearer.expose_secret()),
        session: session.to_string(),
        token: token.to_string(),
        passkey: passkey.to_string(),
        parties,
        users,
    }
}

/// A source that was entered, with a job and a secret, a window and the token of a
/// service.
async fn installation(app: &TestApp) -> BTreeMap<Kind, String> {
    let actor = Actor::new("test", NOW);
    let report = SourceReport {
        account: SOURCE.to_owned(),
        at: NOW,
        state: SourceState::Ok,
        success: true,
        error: None,
        counters: BTreeMap::new(),
        detail: Default::default(),
    };
    app.records.source_status().report(&report).await.expect("taken in");
    let entered = AccountDraft {
        kind: "librenms".to_owned(),
        url: "https://ams1.example.net".to_owned(),
        enabled: true,
        ..AccountDraft::default()
    };
    let accounts = app.records.accounts();
    accounts.create(&actor, SOURCE, &entered, &TOKEN.into()).await.expect("entered");
    let (job, _) = app.records.sync_jobs().request(&actor, SOURCE).await.expect("asked");
    let draft = PushSecretDraft {
        account: SOURCE.to_owned(),
        secret: TokenHash::of("push"),
        prefix: "push".to_owned(),
    };
    let secret = app.records.push_secrets().rotate(&actor, &draft, NOW).await.expect("in force");
    let admin = app.token().await;
    let own = [("authorization", admin.as_str())];
    let window = json!({"target": "n/device/1", "from": "2026-11-22T11:00:00Z",
        "to": "2026-11-22T13:00:00Z", "note": "work"});
    let window = app.send(Method::POST, "/api/v1/maintenance-windows", &own, Some(window)).await;
    let token = json!({"name": "Status page", "role": "beheer", "scopes": ["read:services"]});
    let token = app.send(Method::POST, "/api/v1/service-tokens", &own, Some(token)).await;
    let administrator = app.records.users().by_email(ADMIN).await.expect("reads").expect("there");
    [
        (Kind::Source, SOURCE.to_owned()),
        (Kind::SyncJob, job.id.to_string()),
        (Kind::PushSecret, secret.to_string()),
        (Kind::Window, id_of(&window.expect(201).json())),
        (Kind::ServiceToken, id_of(&token.expect(201).json())),
        (Kind::User, administrator.id.to_string()),
    ]
    .into()
}

fn id_of(made: &Value) -> String {
    made["id"].as_str().unwrap_or_else(|| panic!("no id in {made}")).to_owned()
}
