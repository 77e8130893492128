//! The processes that correlate together: can this one listen where it must,
//! and can it reach the others. It joins nothing.

use std::io;

use tokio::net::{TcpListener, lookup_host};

use super::Verdict;
use crate::config::ClusterConfig;
use crate::correlate::answers;

/// Looks at the addresses of all processes.
pub(super) async fn check(config: &ClusterConfig) -> Verdict {
    let own = match &config.listen {
        Some(listen) => listen.to_string(),
        None => config.processes[config.process].clone(),
    };
    let listens = match TcpListener::bind(&own).await {
        Ok(_) => format!("process {} can listen at {own}", config.process),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
            format!("process {} listens at {own}, it seems", config.process)
        }
        Err(error) => {
            return Verdict::wrong(
                format!("process {} cannot listen at {own}: {error}", config.process),
                "put an address of this machine at its place in correlate.processes, check \
                 correlate.process, or set correlate.process_listen",
            );
        }
    };
    for (process, address) in config.processes.iter().enumerate() {
        if let Err(error) = lookup_host(address).await {
            return Verdict::wrong(
                format!("the address of process {process}, {address}, is not known: {error}"),
                "correct correlate.processes, or the name service",
            );
        }
    }
    if !config.leads()
        && let Err(error) = answers(&config.processes[0]).await
    {
        return Verdict::Worrying {
            problem: format!("{listens}; the leader at {} is away: {error}", config.processes[0]),
            advice: String::from(
                "start the leader, and let the machines reach each other at these ports",
            ),
        };
    }
    if config.secret.is_none() {
        return Verdict::Worrying {
            problem: format!("{listens}; whoever reaches it can join"),
            advice: String::from("set the same correlate.secret for every process"),
        };
    }
    Verdict::Well(format!("{listens}, one of {}", config.processes.len()))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use secrecy::SecretString;

    use super::*;
    use crate::config::InClear;

    async fn verdict(processes: [&str; 2], process: usize, secret: Option<&str>) -> Verdict {
        let config = ClusterConfig {
            processes: processes.map(str::to_owned).to_vec(),
            process,
            listen: None,
            secret: secret.map(SecretString::from),
            in_clear: InClear::Any,
            join_wait: Duration::ZERO,
        };
        check(&config).await
    }

    #[tokio::test]
    async fn addresses_are_tried_and_nothing_is_joined() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let silent = listener.local_addr().unwrap().to_string();
        drop(listener);
        let free = "127.0.0.1:0";
        let well = verdict([free, "127.0.0.1:1"], 0, Some("s")).await;
        assert!(matches!(well, Verdict::Well(_)), "{well:?}");
        let open = verdict([free, "127.0.0.1:1"], 0, None).await;
        assert!(matches!(open, Verdict::Worrying { .. }), "{open:?}");
        let alone = verdict([&silent, free], 1, Some("s")).await;
        assert!(matches!(alone, Verdict::Worrying { .. }), "{alone:?}");
        // 192.0.2.0/24 belongs to no machine.
        let elsewhere = verdict(["192.0.2.1:2101", free], 0, Some("s")).await;
        assert!(matches!(elsewhere, Verdict::Wrong { .. }), "{elsewhere:?}");
    }
}
