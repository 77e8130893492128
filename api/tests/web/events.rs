//! Live updates.

use std::time::Duration;

use correlate::model::ServiceState;

use crate::rig::{NOW, TestApp, interval};

/// How long an event may take before the test gives up.
const PATIENCE: Duration = Duration::from_secs(60);

#[tokio::test]
async fn listeners_hear_that_intervals_changed_and_are_let_go_at_the_end() {
    let app = TestApp::start().await;
    let session = app.sign_in().await;
    let mut stream = app.open("/events", &[("cookie", &session)]).await;
    assert_eq!(stream.status(), 200);
    let kind = stream.headers().get("content-type").and_then(|kind| kind.to_str().ok());
    assert_eq!(kind, Some("text/event-stream"));
    app.store(7, vec![interval("s", NOW, None, ServiceState::Up, &[])], Vec::new()).await;
    let mut heard = String::new();
    while !heard.contains("event: change\ndata: 1") {
        let chunk = tokio::time::timeout(PATIENCE, stream.chunk()).await.expect("an event in time");
        let chunk = chunk.expect("the stream goes on").expect("the stream goes on");
        heard.push_str(&String::from_utf8_lossy(&chunk));
    }
    app.stop();
    let ended = async { while let Ok(Some(_)) = stream.chunk().await {} };
    tokio::time::timeout(PATIENCE, ended).await.expect("the stream ends with the server");
}
