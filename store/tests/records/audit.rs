//! The audit trail: whole whoever writes it, and honest about what was done to it.

use correlate::model::Timestamp;
use serde_json::json;
use store::records::{
    Actor, AuditBreak, AuditFilter, AuditVerified, Idempotency, KeyedRequest, Known, Page, Role,
    TokenHash, UserDraft,
};

use crate::database::{TestDatabase, actor, draft, service};

async fn verified(db: &TestDatabase) -> Result<AuditVerified, AuditBreak> {
    db.records.audit().verify(None).await.expect("reads")
}

async fn set(db: &TestDatabase, at: i64) {
    let settings = db.records.settings();
    settings.set(&actor(at), "key", &json!(at)).await.expect("set");
}

async fn many_writers_make_one_chain(db: &TestDatabase) {
    let other = db.another().await;
    let writes = (0..40).map(|number| {
        let records = if number % 2 == 0 { db.records.clone() } else { other.clone() };
        tokio::spawn(async move {
            let key = format!("key {number}");
            records.settings().set(&actor(number), &key, &json!(number)).await.expect("set");
        })
    });
    for written in futures::future::join_all(writes).await {
        written.expect("no panic");
    }
    let whole = verified(db).await.expect("whole");
    assert_eq!((whole.first, whole.last, whole.hash.len()), (1, 40, 64));
}

async fn an_entry_says_who_from_where_and_by_what(db: &TestDatabase) {
    let users = db.records.users();
    let root = UserDraft::new("root@example.net", Role::Beheer);
    let id = users.create(&actor(1), &root, &"h".into()).await.expect("created");
    let who = Actor::new("root@example.net", Timestamp(5)).as_user(id).from_address("192.0.2.9");
    db.records.settings().set(&who, "theme", &json!("dark")).await.expect("set");
    let kind = AuditFilter { kind: Some("setting".to_owned()), ..AuditFilter::default() };
    let found = db.records.audit().list(&kind, Page::first(9)).await.expect("reads");
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].sequence, found[0].address.as_deref()), (2, Some("192.0.2.9")));
    assert_eq!(found[0].user, Some(id.to_string()));
    let check = async |filter: AuditFilter, expected: u64| {
        assert_eq!(
            db.records.audit().count(&filter).await.expect("counts"),
            expected,
            "{filter:?}"
        );
    };
    let text = |text: &str| AuditFilter { text: Some(text.to_owned()), ..AuditFilter::default() };
    check(text("ROOT@"), 1).await;
    check(AuditFilter { user: Some(id), ..AuditFilter::default() }, 1).await;
    check(text("%"), 0).await;
    check(text("setting/th"), 1).await;
    check(AuditFilter { from: Some(Timestamp(5)), ..AuditFilter::default() }, 1).await;
    check(AuditFilter { until: Some(Timestamp(5)), ..AuditFilter::default() }, 1).await;
    check(AuditFilter { below: Some(2), ..AuditFilter::default() }, 1).await;
    check(AuditFilter { action: Some("set".to_owned()), ..AuditFilter::default() }, 1).await;
}

async fn the_trail_takes_new_entries_only(db: &TestDatabase) {
    for at in 1..=3 {
        set(db, at).await;
    }
    for sql in [
        "UPDATE audit SET actor = 'bob' WHERE sequence = 2",
        "DELETE FROM audit WHERE sequence = 3",
        "DELETE FROM audit",
    ] {
        let refused = db.tried(sql).await.expect_err(sql).to_string();
        assert!(refused.contains("append-only"), "{sql}: {refused}");
    }
    assert_eq!(verified(db).await.map(|whole| (whole.first, whole.last)), Ok((1, 3)));
    // Retention alone lets go, and leaves nothing open behind it.
    assert_eq!(db.records.audit().forget(&actor(9), Timestamp(3)).await.expect("forgets"), 2);
    assert!(db.tried("DELETE FROM audit").await.is_err());
    assert_eq!(verified(db).await.map(|whole| (whole.first, whole.last)), Ok((3, 4)));
}

async fn whatever_is_done_to_the_trail_shows_and_where(db: &TestDatabase) {
    for at in 1..=9 {
        set(db, at).await;
    }
    db.open_the_trail().await;
    let anchor = verified(db).await.expect("whole").hash;
    db.execute("UPDATE audit SET after_value = '0' WHERE sequence = 4").await;
    assert_eq!(verified(db).await, Err(AuditBreak::Changed(4)));
    db.execute("UPDATE audit SET after_value = '4' WHERE sequence = 4").await;
    assert!(verified(db).await.is_ok());
    db.execute("UPDATE audit SET actor = 'bob' WHERE sequence = 9").await;
    assert_eq!(verified(db).await, Err(AuditBreak::Changed(9)));
    db.execute("UPDATE audit SET actor = 'anna@example.net' WHERE sequence = 9").await;
    db.execute("DELETE FROM audit WHERE sequence = 5").await;
    assert_eq!(verified(db).await, Err(AuditBreak::Missing { after: 4, found: 6 }));
    db.execute("DELETE FROM audit WHERE sequence > 4").await;
    assert_eq!(verified(db).await, Err(AuditBreak::CutOff { expected: 9, found: 4 }));
    // Whoever also writes the number of the last entry cannot write its hash.
    db.execute("UPDATE locks SET value = 4 WHERE name = 'audit'").await;
    assert!(verified(db).await.is_ok());
    let anchored = db.records.audit().verify(Some(&anchor)).await.expect("reads");
    assert_eq!(anchored, Err(AuditBreak::Anchor));
}

async fn old_entries_are_forgotten_and_the_chain_goes_on(db: &TestDatabase) {
    let services = db.records.services();
    services.create(&actor(1), &draft("a", json!("n/device/1"))).await.expect("created");
    services.create(&actor(2), &draft("b", json!("n/device/1"))).await.expect("created");
    services.delete(&actor(3), &service("b")).await.expect("deleted");
    set(db, 50).await;
    let audit = db.records.audit();
    assert_eq!(audit.forget(&actor(60), Timestamp(1)).await.expect("nothing is old"), 0);
    assert_eq!(audit.forget(&actor(61), Timestamp(10)).await.expect("forgets"), 3);
    let whole = verified(db).await.expect("whole");
    assert_eq!((whole.first, whole.last), (4, 5));
    // What was known then is still known.
    let objects = ["service/a", "service/b"].map(str::to_owned);
    let then = audit.as_of(&objects, Timestamp(40)).await.expect("reads");
    assert!(then["service/a"].is_some() && then["service/b"].is_none(), "{then:?}");
    assert_eq!(audit.forget(&actor(70), Timestamp(65)).await.expect("forgets again"), 2);
    set(db, 80).await;
    assert_eq!(verified(db).await.map(|whole| (whole.first, whole.last)), Ok((6, 7)));
    assert!(audit.as_of(&objects, Timestamp(90)).await.expect("reads")["service/a"].is_some());
    db.open_the_trail().await;
    db.execute("UPDATE audit_base SET after_value = NULL WHERE object = 'service/a'").await;
    assert_eq!(verified(db).await, Err(AuditBreak::Base));
    // Cutting the trail oneself, checkpoint and all, shows too.
    db.execute("DELETE FROM audit WHERE sequence = 6").await;
    db.execute("UPDATE audit_checkpoints SET sequence = 6").await;
    let broken = verified(db).await;
    assert!(
        matches!(broken, Err(AuditBreak::Changed(7) | AuditBreak::Checkpoint(6))),
        "{broken:?}"
    );
}

async fn a_trail_that_is_cut_while_it_is_checked_is_whole(db: &TestDatabase) {
    const CUTS: i64 = 40;
    let records = db.another().await;
    let writing = tokio::spawn(async move {
        for at in 0..CUTS {
            records.settings().set(&actor(at), "key", &json!(at)).await.expect("set");
            records.audit().forget(&actor(at), Timestamp(at)).await.expect("forgotten");
        }
    });
    loop {
        let is_over = writing.is_finished();
        verified(db).await.expect("whole at every moment");
        if is_over {
            break;
        }
    }
    writing.await.expect("no panic");
    assert!(verified(db).await.expect("whole").first > 1, "nothing was cut");
}

async fn what_was_recorded_before_the_chain_is_chained(db: &TestDatabase) {
    for at in 1..=5 {
        set(db, at).await;
    }
    // As an older version left it.
    db.open_the_trail().await;
    db.execute("DROP TABLE audit_forgetting").await;
    db.execute("DROP INDEX audit_by_sequence").await;
    db.execute("DROP INDEX audit_by_actor").await;
    for column in ["sequence", "user_id", "address", "token_id", "hash"] {
        db.execute(&format!("ALTER TABLE audit DROP COLUMN {column}")).await;
    }
    db.execute("DROP TABLE audit_checkpoints").await;
    db.execute("DROP TABLE audit_base").await;
    db.execute("DELETE FROM locks WHERE name = 'audit'").await;
    let newer = "('0008_audit_chain', '0009_audit_order', '0018_audit_append_only')";
    db.execute(&format!("DELETE FROM seaql_migrations WHERE version IN {newer}")).await;
    db.records.migrate().await.expect("migrates");
    assert_eq!(verified(db).await.map(|whole| (whole.first, whole.last)), Ok((1, 5)));
    set(db, 6).await;
    assert_eq!(verified(db).await.map(|whole| whole.last), Ok(6));
}

async fn a_request_that_is_sent_again_is_answered_again(db: &TestDatabase) {
    let users = db.records.users();
    let root = UserDraft::new("root@example.net", Role::Beheer);
    let user = users.create(&actor(1), &root, &"h".into()).await.expect("created");
    let request =
        |body: &str| KeyedRequest { user, key: "k1".to_owned(), fingerprint: TokenHash::of(body) };
    let answers = db.records.idempotency();
    let begin = async |body: &str, at: i64| {
        answers.begin(&request(body), Timestamp(at)).await.expect("answers")
    };
    let both = futures::future::join(begin("a", 1), begin("a", 1)).await;
    let both = [both.0, both.1];
    assert!(both.contains(&Known::New) && both.contains(&Known::Running), "{both:?}");
    assert_eq!(begin("b", 2).await, Known::Another);
    answers.answered(&request("a"), 201, "{}").await.expect("kept");
    assert_eq!(begin("a", 3).await, Known::Answered { status: 201, body: "{}".to_owned() });
    assert_eq!(answers.prune(Timestamp(2)).await.expect("pruned"), 1);
    assert_eq!(begin("a", 4).await, Known::New);
    // Its process died; the next one does it.
    assert_eq!(begin("a", 5 + Idempotency::RUNNING_MS).await, Known::New);
    answers.failed(&request("a")).await.expect("forgotten");
    assert_eq!(begin("b", 6).await, Known::New);
}

on_both!(
    many_writers_make_one_chain,
    an_entry_says_who_from_where_and_by_what,
    the_trail_takes_new_entries_only,
    whatever_is_done_to_the_trail_shows_and_where,
    old_entries_are_forgotten_and_the_chain_goes_on,
    a_trail_that_is_cut_while_it_is_checked_is_whole,
    what_was_recorded_before_the_chain_is_chained,
    a_request_that_is_sent_again_is_answered_again,
);
