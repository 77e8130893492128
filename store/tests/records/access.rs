//! Users, sessions, API tokens, login attempts and settings.

use correlate::model::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use store::Scope;
use store::records::{
    ApiTokenDraft, AuditFilter, Change, Language, LoginAttempt, LoginResult, Page, RecordsError,
    Role, SessionDraft, Sessions, Standing, TokenHash, UserDraft, UserFilter, UserId,
};

use crate::database::{TestDatabase, actor};

fn hash(text: &str) -> SecretString {
    SecretString::from(text)
}

fn user(email: &str, role: Role) -> UserDraft {
    UserDraft { name: "Anna".to_owned(), ..UserDraft::new(email, role) }
}

async fn admin(db: &TestDatabase) -> UserId {
    let users = db.records.users();
    let made = users.bootstrap_admin(&actor(1), "root@example.net", Language::En, &hash("h")).await;
    made.expect("made").expect("the first").id
}

async fn addresses_are_one_whatever_their_case(db: &TestDatabase) {
    let users = db.records.users();
    let draft = user(" Anna@Example.NET ", Role::Klant);
    let id = users.create(&actor(1), &draft, &hash("h1")).await.expect("created");
    let found = users.by_email("ANNA@example.net").await.expect("reads").expect("is there");
    assert_eq!((found.id, &*found.email, found.role), (id, "anna@example.net", Role::Klant));
    let again = users.create(&actor(2), &user("anna@example.net", Role::Klant), &hash("h")).await;
    let again = again.expect_err("is there already").to_string();
    assert_eq!(again, "user anna@example.net already exists");
    let credentials = users.credentials("anna@example.net").await.expect("reads").expect("there");
    assert_eq!(credentials.password_hash.expose_secret(), "h1");
    assert!(!format!("{credentials:?}").contains("h1"));
    for bad in ["anna", "@example.net", "anna@", "an na@example.net", ""] {
        let error = users.create(&actor(1), &user(bad, Role::Klant), &hash("h")).await;
        let error = error.expect_err("refused").to_string();
        assert!(error.starts_with("email: must be an address"), "{error}");
    }
    assert_eq!(users.count().await.expect("counts"), 1);
    assert_eq!(
        users
            .within(&Scope::everything())
            .list(&UserFilter::default(), Page::first(9))
            .await
            .expect("lists"),
        [found]
    );
}

async fn one_of_many_makes_the_first_administrator(db: &TestDatabase) {
    let other = db.another().await;
    let starts = (0..10).map(|number| {
        let users = if number % 2 == 0 { db.records.users() } else { other.users() };
        async move {
            let email = format!("admin{number}@example.net");
            users.bootstrap_admin(&actor(1), &email, Language::Nl, &hash("h")).await
        }
    });
    let made = futures::future::join_all(starts).await;
    let made = made.into_iter().filter_map(|made| made.expect("answers")).collect::<Vec<_>>();
    assert_eq!(made.len(), 1);
    assert_eq!((made[0].role, made[0].is_active()), (Role::Beheer, true));
    assert_eq!(db.records.users().count().await.expect("counts"), 1);
}

async fn somebody_remains_administrator(db: &TestDatabase) {
    let users = db.records.users();
    let root = admin(db).await;
    let demoted = user("root@example.net", Role::Accountmanager);
    let error = users.update(&actor(2), root, &demoted, None).await.expect_err("the last one");
    assert_eq!(error.to_string(), "role: somebody must remain an active administrator");
    for standing in [Standing::Inactive, Standing::Banned] {
        let error = users.set_standing(&actor(2), root, standing).await.expect_err("the last one");
        assert_eq!(error.to_string(), "standing: somebody must remain an active administrator");
    }
    let second = user("second@example.net", Role::Beheer);
    users.create(&actor(3), &second, &hash("h")).await.expect("created");
    for expected in [Change::Updated, Change::Unchanged] {
        let change = users.set_standing(&actor(4), root, Standing::Inactive).await;
        assert_eq!(change.expect("another one remains"), expected);
    }
    let taken = user("second@example.net", Role::Klant);
    let error = users.update(&actor(6), root, &taken, None).await.expect_err("another's address");
    assert!(matches!(error, RecordsError::Exists { .. }), "{error}");
}

async fn session(db: &TestDatabase, user: UserId, token: &str, at: i64) {
    let draft = SessionDraft {
        token: TokenHash::of(token),
        user,
        at: Timestamp(at),
        idle_timeout_ms: 200_000,
        absolute_timeout_ms: 500_000,
        user_agent: "Firefox\r\n".to_owned(),
        address: "192.0.2.7".to_owned(),
    };
    db.records.sessions().create(&draft).await.expect("begun");
}

async fn open(db: &TestDatabase, token: &str, now: i64) -> bool {
    let found = db.records.sessions().find(&TokenHash::of(token), Timestamp(now)).await;
    found.expect("reads").is_some()
}

async fn sessions_end_idle_and_in_any_case(db: &TestDatabase) {
    let root = admin(db).await;
    session(db, root, "idle", 0).await;
    session(db, root, "busy", 0).await;
    for now in [59_999, 150_000, 300_000, 450_000, 499_999] {
        assert!(open(db, "busy", now).await, "at {now}");
    }
    assert!(!open(db, "idle", 200_000).await);
    assert!(!open(db, "busy", 500_000).await, "absolute end");
    assert!(!open(db, "never", 0).await);
    let listed = db.records.sessions().list(root, Timestamp(460_000)).await.expect("lists");
    assert_eq!(listed.len(), 1);
    assert_eq!((&*listed[0].user_agent, &*listed[0].address), ("Firefox", "192.0.2.7"));
    // Written down at 450,000: one request within the minute is not.
    assert_eq!(listed[0].last_seen_at, Timestamp(450_000));
    assert_eq!(db.records.sessions().prune(Timestamp(500_000)).await.expect("pruned"), 2);
}

async fn sessions_end_with_their_user_and_password(db: &TestDatabase) {
    let (users, sessions) = (db.records.users(), db.records.sessions());
    let root = admin(db).await;
    let anna = user("anna@example.net", Role::Klant);
    let id = users.create(&actor(1), &anna, &hash("h")).await.expect("created");
    session(db, root, "root", 0).await;
    session(db, id, "one", 0).await;
    users.set_password(&actor(2), id, &hash("h2")).await.expect("changed");
    assert!(!open(db, "one", 1).await);
    session(db, id, "two", 0).await;
    session(db, id, "three", 0).await;
    sessions.end(&TokenHash::of("two")).await.expect("logged out");
    assert!(!open(db, "two", 1).await && open(db, "three", 1).await);
    let shown = sessions.list(id, Timestamp(1)).await.expect("lists")[0].id;
    assert!(sessions.revoke(root, shown).await.is_err(), "not root's session");
    sessions.revoke(id, shown).await.expect("revoked");
    session(db, id, "four", 0).await;
    assert_eq!(sessions.revoke_all(id).await.expect("revoked"), 1);
    session(db, id, "five", 0).await;
    users.set_standing(&actor(3), id, Standing::Inactive).await.expect("changed");
    assert!(!open(db, "five", 1).await);
    assert!(open(db, "root", 1).await);
    for number in 0..Sessions::MAX_PER_USER + 5 {
        session(db, root, &format!("root {number}"), number as i64).await;
    }
    let listed = sessions.list(root, Timestamp(100)).await.expect("lists");
    assert_eq!(listed.len(), Sessions::MAX_PER_USER);
    assert!(!open(db, "root 4", 100).await && open(db, "root 24", 100).await);
}

async fn api_tokens_work_until_they_expire_or_are_revoked(db: &TestDatabase) {
    let tokens = db.records.api_tokens();
    let root = admin(db).await;
    let issue = async |name: &str, expires_at: Option<i64>| {
        let draft = ApiTokenDraft {
            name: name.to_owned(),
            user: root,
            token: TokenHash::of(name),
            prefix: "pw_1234".to_owned(),
            expires_at: expires_at.map(Timestamp),
        };
        tokens.create(&actor(1), &draft).await.expect("issued")
    };
    let find = async |name: &str, now: i64| {
        tokens.find(&TokenHash::of(name), Timestamp(now)).await.expect("reads")
    };
    let id = issue("grafana", None).await;
    issue("brief", Some(50)).await;
    let (token, owner) = find("grafana", 10).await.expect("works");
    assert_eq!((token.id, owner.id, token.last_used_at), (id, root, Some(Timestamp(10))));
    assert!(find("brief", 49).await.is_some() && find("brief", 50).await.is_none());
    assert!(find("unknown", 10).await.is_none());
    tokens.revoke(&actor(60), root, id).await.expect("revoked");
    assert!(find("grafana", 61).await.is_none());
    assert!(tokens.revoke(&actor(62), root, id).await.is_err(), "revoked already");
    let listed = tokens.list(root).await.expect("lists");
    let listed: Vec<_> = listed.iter().map(|one| (&*one.name, one.revoked_at)).collect();
    assert_eq!(listed, [("brief", None), ("grafana", Some(Timestamp(60)))]);
}

async fn failed_logins_are_counted_by_whom_and_from_where(db: &TestDatabase) {
    let attempts = db.records.login_attempts();
    for (at, email, address, result) in [
        (1, "anna@example.net", "192.0.2.1", LoginResult::WrongPassword),
        (5, "Anna@Example.net", "192.0.2.2", LoginResult::WrongPassword),
        (6, "anna@example.net", "192.0.2.2", LoginResult::Throttled),
        (7, "bob@example.net", "192.0.2.2", LoginResult::UnknownUser),
        (8, "anna@example.net", "192.0.2.2", LoginResult::Ok),
    ] {
        let (email, address) = (email.to_owned(), address.to_owned());
        let attempt = LoginAttempt { at: Timestamp(at), email, address, result };
        attempts.record(&attempt).await.expect("written down");
    }
    let by = async |since| {
        let email = attempts.failures_for("ANNA@example.net", Timestamp(since)).await;
        let address = attempts.failures_from("192.0.2.2", Timestamp(since)).await;
        (email.expect("counts"), address.expect("counts"))
    };
    assert_eq!((by(0).await, by(5).await, by(6).await), ((2, 2), (1, 2), (0, 1)));
    let listed = attempts.list(Page::first(1)).await.expect("lists");
    assert_eq!((listed[0].at, listed[0].result), (Timestamp(8), LoginResult::Ok));
    assert_eq!(attempts.prune(Timestamp(7)).await.expect("pruned"), 3);
}

async fn settings_are_kept_and_audited_without_secrets(db: &TestDatabase) {
    let settings = db.records.settings();
    let root = admin(db).await;
    assert_eq!(settings.get("theme").await.expect("reads"), None);
    for (value, expected) in [
        (json!({"dark": true}), Change::Created),
        (json!({"dark": true}), Change::Unchanged),
        (json!(null), Change::Updated),
    ] {
        let change = settings.set(&actor(2), "theme", &value).await.expect("set");
        assert_eq!(change, expected, "{value}");
        assert_eq!(settings.get("theme").await.expect("reads"), Some(value));
    }
    db.records.users().set_password(&actor(3), root, &hash("$argon2$x")).await.expect("changed");
    let entries = db.records.audit().list(&AuditFilter::default(), Page::first(99)).await;
    let entries = entries.expect("reads");
    let actions: Vec<_> = entries.iter().map(|one| &*one.action).collect();
    assert_eq!(actions, ["set-password", "set", "set", "create"]);
    assert!(!format!("{entries:?}").contains("argon2"));
}

on_both!(
    addresses_are_one_whatever_their_case,
    one_of_many_makes_the_first_administrator,
    somebody_remains_administrator,
    sessions_end_idle_and_in_any_case,
    sessions_end_with_their_user_and_password,
    api_tokens_work_until_they_expire_or_are_revoked,
    failed_logins_are_counted_by_whom_and_from_where,
    settings_are_kept_and_audited_without_secrets,
);
