//! Secrets at rest: nothing of them lies in clear, only the right keys open
//! them, and new keys take over from old ones.

use correlate::model::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use store::Keyring;
use store::keyring::{OpenError, new_key};
use store::records::{
    KeyedRequest, Known, MailDraft, MailKind, Records, RecordsError, TokenHash, UserId,
};

use crate::database::{TestDatabase, actor};

const LINK: &str = "https://pad.example/let-me-in";

fn draft() -> MailDraft {
    MailDraft {
        kind: MailKind::Invitation,
        recipient: "anna@example.net".to_owned(),
        copy_to: None,
        subject: "Welkom".to_owned(),
        text: LINK.into(),
        html: format!("<a href='{LINK}'>x</a>").into(),
        expires_at: Timestamp(1_000_000_000),
    }
}

fn ring(keys: &[&SecretString]) -> Keyring {
    let text: Vec<&str> = keys.iter().map(|key| key.expose_secret()).collect();
    Keyring::parse("a test", &text.join(" ").into()).expect("keys")
}

/// The same database with these keys.
async fn with_keys(db: &TestDatabase, keys: &[&SecretString]) -> Records {
    Records::connect(&db.url, ring(keys)).await.expect("opens")
}

/// A database that was made with `key`.
async fn made_with(db: &TestDatabase, key: &SecretString) -> Records {
    db.execute("DELETE FROM sealing_canary").await;
    let records = with_keys(db, &[key]).await;
    records.migrate().await.expect("takes up the key");
    records
}

async fn columns(db: &TestDatabase) -> Vec<String> {
    db.texts("SELECT body_text FROM mails UNION ALL SELECT body_html FROM mails").await
}

async fn what_waits_is_sealed_and_is_sent_as_it_was(db: &TestDatabase) {
    let mails = db.records.mails();
    mails.queue(&draft(), Timestamp(0)).await.expect("queued");
    let stored = columns(db).await;
    assert_eq!(stored.len(), 2);
    assert!(stored.iter().all(|text| Keyring::is_sealed(text)), "{stored:?}");
    let due = mails.due(Timestamp(1)).await.expect("read");
    assert_eq!(due[0].text.expose_secret(), LINK);
    assert!(due[0].html.expose_secret().contains(LINK));
    assert!(!format!("{due:?}").contains(LINK), "a log would show it");
}

async fn a_text_in_another_place_opens_nothing(db: &TestDatabase) {
    let mails = db.records.mails();
    mails.queue(&draft(), Timestamp(0)).await.expect("queued");
    db.execute("UPDATE mails SET body_text = body_html").await;
    assert!(mails.due(Timestamp(1)).await.expect("others could be sent").is_empty());
    let list = mails.list(None, store::records::Page::first(1)).await.expect("listed");
    assert!(list[0].error.contains("moved from elsewhere"), "{}", list[0].error);
}

async fn answers_are_sealed_too(db: &TestDatabase) {
    db.execute(
        "INSERT INTO users (id, email, name, password_hash, role, language, active, created_at_ms) \
         VALUES ('0199aaaa-0000-7000-8000-000000000001', 'a@b', 'A', '', 'admin', 'nl', true, 0)",
    )
    .await;
    let user: UserId = "0199aaaa-0000-7000-8000-000000000001".parse().expect("an id");
    let key = "k".to_owned();
    let request = KeyedRequest { user, key, fingerprint: TokenHash::of("x") };
    let answers = db.records.idempotency();
    assert_eq!(answers.begin(&request, Timestamp(0)).await.expect("begun"), Known::New);
    answers.answered(&request, 201, r#"{"name": "Anna"}"#).await.expect("kept");
    let stored = db.texts("SELECT body FROM idempotency_keys").await;
    assert!(Keyring::is_sealed(&stored[0]), "{stored:?}");
    let known = answers.begin(&request, Timestamp(1)).await.expect("known");
    assert_eq!(known, Known::Answered { status: 201, body: r#"{"name": "Anna"}"#.to_owned() });
    let verified = db.records.secrets().verify().await.expect("read");
    assert!(verified.is_well(), "{verified:?}");
}

/// As if 0.1 had left them.
async fn what_an_older_version_left_in_clear_is_sealed(db: &TestDatabase) {
    let mails = db.records.mails();
    for _ in 0..3 {
        mails.queue(&draft(), Timestamp(0)).await.expect("queued");
    }
    db.execute(&format!("UPDATE mails SET body_text = '{LINK}', body_html = '<{LINK}>'")).await;
    let verified = db.records.secrets().verify().await.expect("read");
    assert_eq!((verified.clear, verified.is_well()), (6, false));
    db.execute("DELETE FROM sealing_canary").await;
    db.records.migrate().await.expect("seals them");
    assert!(columns(db).await.iter().all(|text| Keyring::is_sealed(text)));
    let due = mails.due(Timestamp(1)).await.expect("read");
    assert!(due.iter().all(|mail| mail.text.expose_secret() == LINK));
}

async fn other_keys_are_refused_before_they_seal_anything(db: &TestDatabase) {
    let (first, second) = (new_key(), new_key());
    made_with(db, &first).await.check_keys().await.expect("its own");
    let other = with_keys(db, &[&second]).await;
    for result in [other.migrate().await, other.check_keys().await] {
        let error = result.expect_err("must be refused");
        assert!(matches!(error, RecordsError::ForeignKeys { .. }), "{error}");
        assert!(error.to_string().contains("secrets.key_file"), "{error}");
        assert!(!error.to_string().contains(first.expose_secret()), "{error}");
    }
    // What needs no keys goes on.
    other.migrate_schema().await.expect("nothing to do");
    with_keys(db, &[&second, &first]).await.migrate().await.expect("has the key");
}

async fn new_keys_take_over_from_old_ones(db: &TestDatabase) {
    let (first, second) = (new_key(), new_key());
    let before = made_with(db, &first).await;
    // More than one transaction takes.
    for _ in 0..205 {
        before.mails().queue(&draft(), Timestamp(0)).await.expect("queued");
    }
    let both = with_keys(db, &[&second, &first]).await;
    let done = both.secrets().rotate(&actor(5)).await.expect("rotates");
    assert_eq!(done.key, both.keyring().current_id());
    let counts: Vec<(&str, u64)> =
        done.resealed.iter().take(2).map(|one| (one.what.as_str(), one.count)).collect();
    assert_eq!(counts, [("mails.body_text", 205), ("mails.body_html", 205)]);
    assert!(done.unreadable.is_empty());
    let again = both.secrets().rotate(&actor(6)).await.expect("rotates");
    assert!(again.resealed.iter().all(|one| one.count == 0), "{again:?}");
    let verified = both.secrets().verify().await.expect("read");
    assert!(verified.is_well());
    assert_eq!(verified.by_key.into_iter().collect::<Vec<_>>(), [(done.key, 410)]);
    // The old key is needed no more.
    let after = with_keys(db, &[&second]).await;
    after.migrate().await.expect("its own keys");
    assert_eq!(after.mails().due(Timestamp(1)).await.expect("read")[0].text.expose_secret(), LINK);
    let recorded = db.texts("SELECT object FROM audit WHERE action = 'reseal' ORDER BY sequence");
    let (text, html) = ("secrets/mails.body_text", "secrets/mails.body_html");
    assert_eq!(recorded.await, [text, text, html, html]);
    after.audit().verify(None).await.expect("read").expect("whole");
}

/// Somebody who rotates with a key missing is told, and loses nothing.
async fn what_cannot_be_opened_stays_as_it_was(db: &TestDatabase) {
    let (first, second, third) = (new_key(), new_key(), new_key());
    let before = made_with(db, &first).await;
    before.mails().queue(&draft(), Timestamp(0)).await.expect("queued");
    let stored = columns(db).await;
    let error = with_keys(db, &[&third]).await.secrets().rotate(&actor(4)).await;
    assert!(matches!(error, Err(RecordsError::ForeignKeys { .. })), "{error:?}");
    made_with(db, &second).await;
    let without = with_keys(db, &[&third, &second]).await;
    let done = without.secrets().rotate(&actor(5)).await.expect("goes on");
    assert_eq!(done.unreadable.len(), 2);
    assert!(matches!(&done.unreadable[0].1, OpenError::UnknownKey { key, .. }
        if *key == before.keyring().current_id()));
    assert_eq!(columns(db).await, stored);
    assert!(!without.secrets().verify().await.expect("read").is_well());
    let due = before.mails().due(Timestamp(1)).await.expect("read");
    assert_eq!(due.len(), 1, "the key that sealed it still opens it");
}

on_both!(
    what_waits_is_sealed_and_is_sent_as_it_was,
    a_text_in_another_place_opens_nothing,
    answers_are_sealed_too,
    what_an_older_version_left_in_clear_is_sealed,
    other_keys_are_refused_before_they_seal_anything,
    new_keys_take_over_from_old_ones,
    what_cannot_be_opened_stays_as_it_was,
);
