//! What falls with a change of somebody: sessions, tokens, links on their way;
//! and what strangers cannot take from others.

use correlate::model::Timestamp;
use sea_orm::{ConnectionTrait, Statement};
use secrecy::SecretString;
use store::Scope;
use store::records::{
    ApiTokenDraft, ApiTokenId, AuditFilter, Ceremony, CeremonyKind, CustomerDraft, CustomerId,
    Devices, MailDraft, MailKind, MailState, Page, Proof, RecordsError, Role, ServiceGrant,
    SessionDraft, SignOnFlowDraft, SignOnGrant, SignOnIdentity, SignOnPurpose, Standing, TokenHash,
    User, UserDraft, UserFilter, UserId,
};

use crate::database::{TestDatabase, actor};

const EMAIL: &str = "anna@example.net";

fn hash() -> SecretString {
    SecretString::from("h")
}

async fn anna(db: &TestDatabase) -> User {
    let users = db.records.users();
    let root = UserDraft::new("root@example.net", Role::Beheer);
    users.create(&actor(1), &root, &hash()).await.expect("created");
    let draft = UserDraft::new(EMAIL, Role::Beheer);
    users.create(&actor(1), &draft, &hash()).await.expect("created");
    users.by_email(EMAIL).await.expect("reads").expect("is there")
}

async fn session(db: &TestDatabase, user: UserId, token: &str, proof: Proof) {
    let draft = SessionDraft {
        token: TokenHash::of(token),
        user,
        at: Timestamp(1),
        idle_timeout_ms: 100_000,
        absolute_timeout_ms: 100_000,
        user_agent: String::new(),
        address: String::new(),
    };
    db.records.sessions().begin(&draft, proof).await.expect("begun");
}

async fn is_open(db: &TestDatabase, token: &str) -> bool {
    let found = db.records.sessions().find(&TokenHash::of(token), Timestamp(50)).await;
    found.expect("reads").is_some()
}

fn token(user: UserId, name: &str) -> ApiTokenDraft {
    ApiTokenDraft {
        name: name.to_owned(),
        user,
        token: TokenHash::of(name),
        prefix: "pw_1".to_owned(),
        expires_at: None,
        scopes: None,
        grant: None,
        parent: None,
    }
}

fn bounded(user: UserId, name: &str) -> ApiTokenDraft {
    ApiTokenDraft { scopes: Some(["read:services".to_owned()].into()), ..token(user, name) }
}

fn of_service(user: UserId, name: &str) -> ApiTokenDraft {
    let grant = ServiceGrant { role: Role::Beheer, customers: Default::default() };
    ApiTokenDraft { grant: Some(grant), ..bounded(user, name) }
}

async fn issue(db: &TestDatabase, draft: ApiTokenDraft) -> ApiTokenId {
    db.records.api_tokens().create(&actor(2), &draft, None).await.expect("issued")
}

async fn works(db: &TestDatabase, name: &str) -> bool {
    let found = db.records.api_tokens().find(&TokenHash::of(name), Timestamp(50)).await;
    found.expect("reads").is_some()
}

async fn queue(db: &TestDatabase, kind: MailKind) {
    let mail = MailDraft {
        kind,
        recipient: EMAIL.to_owned(),
        copy_to: None,
        subject: "S".to_owned(),
        text: "t".into(),
        html: "h".into(),
        expires_at: Timestamp(1_000),
    };
    db.records.mails().queue(&mail, Timestamp(2)).await.expect("queued");
}

async fn waiting(db: &TestDatabase) -> Vec<MailKind> {
    let mails = db.records.mails().list(Some(MailState::Waiting), Page::first(9)).await;
    mails.expect("lists").into_iter().map(|mail| mail.kind).collect()
}

async fn ask_reset(db: &TestDatabase, link: &str) {
    let users = db.records.users();
    let token = TokenHash::of(link);
    let asked =
        users.ask_reset(EMAIL, "192.0.2.1", &token, Timestamp(2), Timestamp(1_000), |_| None);
    asked.await.expect("asked");
}

async fn resets(db: &TestDatabase, link: &str) -> bool {
    let found = db.records.users().resetting(&TokenHash::of(link), Timestamp(50)).await;
    found.expect("reads").is_some()
}

async fn a_customer_out_of_scope_is_one_that_nobody_acts_for(db: &TestDatabase) {
    let customers = db.records.customers();
    let ede = customers.create(&actor(1), &CustomerDraft::named("Ede")).await.expect("added");
    let rival = customers.create(&actor(1), &CustomerDraft::named("Rival")).await.expect("added");
    let both = UserDraft {
        customers: [ede, rival].into(),
        ..UserDraft::new("both@example.net", Role::Klant)
    };
    db.records.users().create(&actor(1), &both, &hash()).await.expect("created");
    let nobody: CustomerId = "01890000-0000-7000-8000-00000000dead".parse().expect("an id");
    let count = async |scope: Scope, customer: CustomerId| {
        let filter = UserFilter { customer: Some(customer), ..UserFilter::default() };
        let users = db.records.users().within(&scope);
        let listed = users.list(&filter, Page::first(9)).await.expect("lists").len() as u64;
        assert_eq!(users.count(&filter).await.expect("counts"), listed);
        listed
    };
    assert_eq!(count(Scope::customers([ede]), ede).await, 1);
    assert_eq!(count(Scope::customers([ede]), rival).await, 0);
    assert_eq!(count(Scope::customers([ede]), nobody).await, 0);
    assert_eq!(count(Scope::everything(), rival).await, 1);
}

async fn another_address_voids_what_was_sent_to_the_old_one(db: &TestDatabase) {
    let users = db.records.users();
    let anna = anna(db).await;
    session(db, anna.id, "s", Proof::Password).await;
    ask_reset(db, "reset").await;
    for kind in [MailKind::PasswordReset, MailKind::PasswordChanged] {
        queue(db, kind).await;
    }
    assert!(resets(db, "reset").await && is_open(db, "s").await);
    let renamed = UserDraft { name: "Anna".to_owned(), ..UserDraft::of(&anna) };
    users.update(&actor(3), anna.id, &renamed, None).await.expect("changed");
    assert!(resets(db, "reset").await && is_open(db, "s").await, "a name is no reason");
    let moved = UserDraft { email: "other@example.net".to_owned(), ..renamed };
    users.update(&actor(3), anna.id, &moved, None).await.expect("changed");
    assert!(!resets(db, "reset").await && !is_open(db, "s").await);
    assert_eq!(waiting(db).await, [MailKind::PasswordChanged], "news may still arrive");

    let draft = UserDraft { email: EMAIL.to_owned(), ..UserDraft::new("", Role::Klant) };
    let link = TokenHash::of("invitation");
    let invited = users.invite(&actor(4), &draft, &link, Timestamp(1_000)).await.expect("invited");
    queue(db, MailKind::Invitation).await;
    let corrected = UserDraft { email: "right@example.net".to_owned(), ..draft };
    users.update(&actor(5), invited, &corrected, None).await.expect("corrected");
    assert!(users.invited(&link, Timestamp(6)).await.expect("reads").is_none());
    assert_eq!(waiting(db).await, [MailKind::PasswordChanged]);
}

async fn a_link_does_not_outlive_a_ban(db: &TestDatabase) {
    let users = db.records.users();
    let anna = anna(db).await;
    ask_reset(db, "reset").await;
    queue(db, MailKind::PasswordReset).await;
    for standing in [Standing::Banned, Standing::Active] {
        users.set_standing(&actor(3), anna.id, standing).await.expect("set");
    }
    assert!(!resets(db, "reset").await);
    assert_eq!(waiting(db).await, []);
}

async fn another_password_ends_the_tokens_that_the_old_one_issued(db: &TestDatabase) {
    let anna = anna(db).await;
    let users = db.records.users();
    issue(db, token(anna.id, "first")).await;
    ask_reset(db, "reset").await;
    let hash = hash();
    let link = TokenHash::of("reset");
    let reset = users.reset(&link, "192.0.2.1", Timestamp(3), &hash, |_| None);
    reset.await.expect("reset");
    assert!(!works(db, "first").await);
    issue(db, token(anna.id, "second")).await;
    users.change_password(&actor(4), anna.id, &hash, None).await.expect("changed");
    assert!(!works(db, "second").await);
}

async fn a_child_falls_with_its_parent_and_ends_no_later(db: &TestDatabase) {
    let anna = anna(db).await;
    let tokens = db.records.api_tokens();
    let until = ApiTokenDraft { expires_at: Some(Timestamp(100)), ..token(anna.id, "parent") };
    let parent = issue(db, until).await;
    let below = |name: &str, parent: ApiTokenId, end: Option<i64>| ApiTokenDraft {
        parent: Some(parent),
        expires_at: end.map(Timestamp),
        ..token(anna.id, name)
    };
    let late = tokens.create(&actor(2), &below("late", parent, Some(101)), None).await;
    assert!(matches!(late, Err(RecordsError::Invalid { field: "expires_at", .. })), "{late:?}");
    let child = issue(db, below("child", parent, None)).await;
    let service = ApiTokenDraft { parent: Some(child), ..of_service(anna.id, "service") };
    issue(db, service).await;
    issue(db, token(anna.id, "another")).await;
    let listed = tokens.list(anna.id).await.expect("lists");
    let found = listed.iter().find(|one| one.id == child).expect("listed");
    assert_eq!(found.expires_at, Some(Timestamp(100)), "as long as its parent");
    assert!(works(db, "child").await && works(db, "service").await);
    tokens.revoke(&actor(3), anna.id, parent).await.expect("revoked");
    for name in ["parent", "child", "service"] {
        assert!(!works(db, name).await, "{name}");
    }
    assert!(works(db, "another").await);
    let orphan = tokens.create(&actor(4), &below("orphan", parent, None), None).await;
    assert!(matches!(orphan, Err(RecordsError::NotFound { .. })), "{orphan:?}");
    let entries = db.records.audit().list(&AuditFilter::default(), Page::first(99)).await;
    let entries = entries.expect("reads");
    assert_eq!(entries.iter().filter(|entry| entry.action == "revoke").count(), 3);
}

async fn another_role_ends_tokens_without_bounds(db: &TestDatabase) {
    let anna = anna(db).await;
    issue(db, token(anna.id, "whatever")).await;
    issue(db, bounded(anna.id, "bounded")).await;
    let lower = UserDraft { role: Role::Accountmanager, ..UserDraft::of(&anna) };
    db.records.users().update(&actor(3), anna.id, &lower, None).await.expect("changed");
    assert!(!works(db, "whatever").await && works(db, "bounded").await);
}

async fn a_ban_takes_the_tokens_of_services_that_were_issued(db: &TestDatabase) {
    let anna = anna(db).await;
    let users = db.records.users();
    let root = users.by_email("root@example.net").await.expect("reads").expect("there");
    let id = issue(db, of_service(anna.id, "hers")).await;
    issue(db, of_service(root.id, "others")).await;
    let tokens = db.records.api_tokens();
    users.set_standing(&actor(3), anna.id, Standing::Inactive).await.expect("closed");
    assert!(works(db, "hers").await, "who leaves takes nothing along");
    let shown = tokens.issued_by(anna.id, Timestamp(4)).await.expect("lists");
    assert_eq!(shown.iter().map(|one| one.id).collect::<Vec<_>>(), [id]);
    users.set_standing(&actor(5), anna.id, Standing::Banned).await.expect("banned");
    assert!(!works(db, "hers").await && works(db, "others").await);
    assert!(tokens.issued_by(anna.id, Timestamp(6)).await.expect("lists").is_empty());
    let entries = db.records.audit().list(&AuditFilter::default(), Page::first(2)).await;
    let told: Vec<(String, String)> =
        entries.expect("reads").into_iter().map(|entry| (entry.action, entry.object)).collect();
    let expected = [("revoke", format!("api-token/{id}")), ("ban", format!("user/{}", anna.id))];
    assert_eq!(told, expected.map(|(action, object)| (action.to_owned(), object)));
}

async fn whom_the_provider_gives_no_role_is_out_at_once(db: &TestDatabase) {
    let anna = anna(db).await;
    let users = db.records.users();
    let identity = SignOnIdentity {
        issuer: "https://login.example.net".to_owned(),
        subject: "s-1".to_owned(),
        label: "anna".to_owned(),
    };
    users.link(&actor(2), anna.id, &identity, None).await.expect("connected");
    let come_in = async || {
        let grant = SignOnGrant { role: Role::Beheer, customers: Default::default() };
        users.sign_on(&identity, &grant, None, "192.0.2.1", Timestamp(3)).await.expect("answers");
    };
    come_in().await;
    session(db, anna.id, "federated", Proof::Federated).await;
    session(db, anna.id, "password", Proof::Password).await;
    issue(db, bounded(anna.id, "token")).await;
    let gone = users.unmapped(&identity, "192.0.2.1", Timestamp(4)).await.expect("answers");
    assert_eq!(gone, Some(anna.id));
    let open = [is_open(db, "federated").await, is_open(db, "password").await];
    assert_eq!((open, works(db, "token").await), ([false, false], false));
    let stranger = SignOnIdentity { subject: "s-2".to_owned(), ..identity.clone() };
    assert_eq!(users.unmapped(&stranger, "", Timestamp(5)).await.expect("answers"), None);

    session(db, anna.id, "federated", Proof::Federated).await;
    session(db, anna.id, "twice", Proof::FederatedSecondFactor).await;
    session(db, anna.id, "password", Proof::Password).await;
    users.unlink(&actor(6), anna.id, &identity.issuer, None).await.expect("disconnected");
    for gone in ["federated", "twice"] {
        assert!(!is_open(db, gone).await, "{gone}");
    }
    assert!(is_open(db, "password").await);
}

async fn rows(db: &TestDatabase, sql: &str) -> Vec<String> {
    let connection = sea_orm::Database::connect(&db.url).await.expect("connects");
    let statement = Statement::from_string(connection.get_database_backend(), sql.to_owned());
    let rows = connection.query_all_raw(statement).await.expect("reads");
    rows.iter().map(|row| row.try_get_by_index(0).expect("a text")).collect()
}

async fn whoever_begins_most_makes_room(db: &TestDatabase) {
    let begun = |origin: &str, until: i64| Ceremony {
        kind: CeremonyKind::SignIn,
        user: None,
        state: "{}".to_owned(),
        expires_at: Timestamp(until),
        origin: origin.to_owned(),
    };
    let factors = db.records.factors();
    for (number, origin) in
        ["192.0.2.1", "user-7", "192.0.2.9", "192.0.2.9", "192.0.2.9", "192.0.2.9"]
            .into_iter()
            .enumerate()
    {
        let token = TokenHash::of(&format!("{number}"));
        let begun = begun(origin, 100 + number as i64);
        factors.begin_ceremony_among(&token, &begun, Timestamp(0), 4).await.expect("begun");
        let purpose = SignOnPurpose::SignIn;
        let flow = SignOnFlowDraft {
            state: token,
            browser: token,
            purpose,
            return_path: "/".to_owned(),
            at: Timestamp(number as i64),
            expires_at: Timestamp(1_000),
            origin: origin.to_owned(),
        };
        db.records.sign_on_flows().begin_among(&flow, 4).await.expect("begun");
    }
    let expected = ["192.0.2.1", "192.0.2.9", "192.0.2.9", "user-7"];
    for table in ["ceremonies", "sign_on_flows"] {
        let found = rows(db, &format!("SELECT origin FROM {table} ORDER BY origin")).await;
        assert_eq!(found, expected, "{table}");
    }
    let first = TokenHash::of("0");
    let first = factors.take_ceremony(&first, CeremonyKind::SignIn, Timestamp(1)).await;
    assert!(first.expect("reads").is_some(), "others keep what they began");
}

async fn a_browser_is_known_for_whom_it_let_in(db: &TestDatabase) {
    let anna = anna(db).await;
    let devices = db.records.devices();
    let [first, second, other] = ["first", "second", "other"].map(TokenHash::of);
    devices.seen(anna.id, None, &first, Timestamp(1)).await.expect("known");
    assert!(devices.knows(&first, " Anna@Example.net").await.expect("reads"));
    for (device, email) in [(other, EMAIL), (first, "root@example.net"), (first, "nobody@x")] {
        assert!(!devices.knows(&device, email).await.expect("reads"), "{email}");
    }
    devices.seen(anna.id, Some(&first), &second, Timestamp(2)).await.expect("known");
    assert!(!devices.knows(&first, EMAIL).await.expect("reads"), "it has another secret now");
    for number in 0..Devices::MAX_PER_USER {
        let device = TokenHash::of(&format!("{number}"));
        devices.seen(anna.id, None, &device, Timestamp(3)).await.expect("known");
    }
    assert!(!devices.knows(&second, EMAIL).await.expect("reads"), "the longest unseen made room");
    assert!(devices.knows(&TokenHash::of("0"), EMAIL).await.expect("reads"));
    db.records.users().set_standing(&actor(4), anna.id, Standing::Banned).await.expect("banned");
    assert!(!devices.knows(&TokenHash::of("0"), EMAIL).await.expect("reads"));
    assert_eq!(devices.prune(Timestamp(9)).await.expect("pruned"), 0);
}

on_both!(
    a_customer_out_of_scope_is_one_that_nobody_acts_for,
    another_address_voids_what_was_sent_to_the_old_one,
    a_link_does_not_outlive_a_ban,
    another_password_ends_the_tokens_that_the_old_one_issued,
    a_child_falls_with_its_parent_and_ends_no_later,
    another_role_ends_tokens_without_bounds,
    a_ban_takes_the_tokens_of_services_that_were_issued,
    whom_the_provider_gives_no_role_is_out_at_once,
    whoever_begins_most_makes_room,
    a_browser_is_known_for_whom_it_let_in,
);
