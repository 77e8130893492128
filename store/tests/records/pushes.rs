//! Push secrets, and what was pushed.

use correlate::model::Timestamp;
use store::records::{AuditFilter, Page, PushOutcome, PushSecretDraft, ReceivedPush, TokenHash};

use crate::database::{TestDatabase, actor};

const FOR_EVER: Timestamp = Timestamp(i64::MAX);

fn draft(account: &str, secret: &str) -> PushSecretDraft {
    PushSecretDraft {
        account: account.to_owned(),
        secret: TokenHash::of(secret),
        prefix: secret[..4].to_owned(),
    }
}

async fn admitted(db: &TestDatabase, account: &str, secret: &str, now: i64) -> bool {
    let hash = TokenHash::of(secret);
    let found = db.records.push_secrets().admits(account, &hash, Timestamp(now)).await;
    found.expect("reads")
}

async fn a_secret_is_of_one_account_until_it_ends(db: &TestDatabase) {
    let secrets = db.records.push_secrets();
    assert!(!admitted(db, "ams1", "first-secret", 5).await, "there is none");
    let first = draft("ams1", "first-secret");
    secrets.rotate(&actor(10), &first, FOR_EVER).await.expect("made");
    secrets.rotate(&actor(10), &draft("rtm1", "other-secret"), FOR_EVER).await.expect("made");
    assert!(admitted(db, "ams1", "first-secret", 11).await);
    assert!(!admitted(db, "ams1", "other-secret", 11).await, "another account's");
    assert!(!admitted(db, "ams2", "first-secret", 11).await, "an account that is not there");

    let second = draft("ams1", "second-secret");
    let id = secrets.rotate(&actor(20), &second, Timestamp(120)).await.expect("rotated");
    for (now, expected) in [(119, true), (120, false)] {
        assert_eq!(admitted(db, "ams1", "first-secret", now).await, expected, "{now}");
        assert!(admitted(db, "ams1", "second-secret", now).await);
    }
    secrets.revoke(&actor(130), "ams1", id).await.expect("revoked");
    assert!(!admitted(db, "ams1", "second-secret", 130).await);
    let again = secrets.revoke(&actor(140), "ams1", id).await.expect_err("not in force");
    assert_eq!(again.to_string(), format!("push secret {id} does not exist"));
    assert!(admitted(db, "rtm1", "other-secret", 150).await);
}

async fn secrets_are_listed_and_audited_without_themselves(db: &TestDatabase) {
    let secrets = db.records.push_secrets();
    let id = secrets.rotate(&actor(10), &draft("ams1", "first-secret"), FOR_EVER).await;
    let id = id.expect("made");
    assert!(admitted(db, "ams1", "first-secret", 1_000).await);
    assert!(admitted(db, "ams1", "first-secret", 2_000).await);
    let listed = secrets.list("ams1").await.expect("lists");
    let [one] = listed.as_slice() else { panic!("{listed:?}") };
    assert_eq!((one.id, one.prefix.as_str(), one.created_at), (id, "firs", Timestamp(10)));
    assert_eq!(one.last_used_at, Some(Timestamp(1_000)), "to the minute");
    assert!(one.works_at(Timestamp(i64::MAX)));
    secrets.revoke(&actor(20), "ams1", id).await.expect("revoked");
    assert!(!secrets.list("ams1").await.expect("lists")[0].works_at(Timestamp(20)));

    let filter =
        AuditFilter { object: Some("push-secret/ams1".to_owned()), ..AuditFilter::default() };
    let entries = db.records.audit().list(&filter, Page::first(10)).await.expect("lists");
    let actions: Vec<_> = entries.iter().map(|entry| entry.action.as_str()).collect();
    assert_eq!(actions, ["revoke", "rotate"]);
    assert!(!format!("{entries:?}").contains("first-secret"));
}

async fn the_newest_pushes_of_each_account_are_kept(db: &TestDatabase) {
    let pushes = db.records.pushes();
    let push = |account: &str, at: i64, outcome| ReceivedPush {
        account: account.to_owned(),
        at: Timestamp(at),
        address: "192.0.2.7".to_owned(),
        device: Some(at.to_string()),
        rule: "Device down\0".to_owned(),
        alert_state: "1".to_owned(),
        outcome,
    };
    pushes.record(&push("rtm1", 1, PushOutcome::Test)).await.expect("written");
    for at in 1..=105 {
        let outcome = PushOutcome::ALL[usize::try_from(at).expect("small") % 5];
        pushes.record(&push("ams1", at, outcome)).await.expect("written");
    }
    let found = pushes.latest("ams1", 1_000).await.expect("lists");
    let first = found.first().expect("some");
    assert_eq!((found.len(), first.at, first.outcome), (100, Timestamp(105), PushOutcome::Device));
    assert_eq!(first.rule, "Device down");
    assert_eq!(found.last().expect("some").at, Timestamp(6));
    let none = ReceivedPush { device: None, ..push("rtm1", 2, PushOutcome::Anything) };
    pushes.record(&none).await.expect("written");
    let found = pushes.latest("rtm1", 1).await.expect("lists");
    assert_eq!((found.len(), found[0].device.as_ref()), (1, None));
}

on_both!(
    a_secret_is_of_one_account_until_it_ends,
    secrets_are_listed_and_audited_without_themselves,
    the_newest_pushes_of_each_account_are_kept,
);
