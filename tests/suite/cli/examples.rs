//! The examples of deployments: their times leave the server enough to stop.

use std::time::Duration;

const KUBERNETES: &str = include_str!("../../../examples/kubernetes.yaml");
const COMPOSE: &str = include_str!("../../../examples/compose.yaml");
const CONFIGURATION: &str = include_str!("../../../docs/operations/configuration.md");

/// The value after this text, which is there once.
fn value<'a>(text: &'a str, before: &str) -> &'a str {
    let parts: Vec<_> = text.split(before).collect();
    assert_eq!(parts.len(), 2, "{before}");
    parts[1].split(|it: char| it.is_whitespace() || "}`".contains(it)).find(|it| !it.is_empty()).unwrap()
}

fn duration(text: &str) -> Duration {
    humantime::parse_duration(text).unwrap()
}

/// The default of a setting.
fn default(variable: &str) -> Duration {
    let row = CONFIGURATION.lines().find(|line| line.contains(&format!("| `{variable}` |"))).unwrap();
    duration(row.split('|').nth(3).unwrap().trim().trim_matches('`'))
}

/// A balancer or the cluster has to notice within this.
const NOTICE: Duration = Duration::from_secs(2);

#[test]
fn kubernetes_kills_no_server_that_is_still_stopping() {
    let delay = duration(value(KUBERNETES, "name: SHUTDOWN_DELAY, value: "));
    let grace = duration(value(KUBERNETES, "name: SHUTDOWN_GRACE, value: "));
    let until_killed = Duration::from_secs(value(KUBERNETES, "terminationGracePeriodSeconds: ").parse().unwrap());
    assert!(delay + grace < until_killed, "{delay:?} + {grace:?} < {until_killed:?}");
    // The readiness probe fails within the delay, also where the cluster does not remove the address at once.
    let (_, probe) = KUBERNETES.split_once("readinessProbe:").unwrap();
    let number = |before| value(probe.split_once("resources:").unwrap().0, before).parse::<u32>().unwrap();
    let (period, failures) = (number("periodSeconds: "), number("failureThreshold: "));
    assert!(Duration::from_secs((period * failures).into()) + NOTICE < delay);
}

#[test]
fn compose_kills_no_server_that_is_still_stopping() {
    let delay = duration(value(COMPOSE, "SHUTDOWN_DELAY: "));
    let server = COMPOSE.split_once("x-server:").unwrap().1.split_once("\nservices:").unwrap().0;
    let until_killed = duration(value(server, "stop_grace_period: "));
    let grace = default("SHUTDOWN_GRACE");
    assert!(delay > NOTICE && delay + grace < until_killed, "{delay:?} + {grace:?} < {until_killed:?}");
}

#[test]
fn proxies_close_idle_connections_before_the_server_does() {
    let nginx = include_str!("../../../examples/nginx.conf");
    let kept = duration(value(nginx, "keepalive_timeout ").trim_end_matches(';'));
    assert!(kept < default("KEEP_ALIVE_TIMEOUT"), "{kept:?}");
}

#[test]
fn proxies_wait_longer_than_the_server_is_silent() {
    let haproxy = include_str!("../../../examples/haproxy.cfg");
    let nginx = include_str!("../../../examples/nginx.conf");
    let least = (default("PING_INTERVAL") * 2).max(default("REQUEST_TIMEOUT"));
    for timeout in ["timeout client ", "timeout server ", "timeout tunnel "] {
        assert!(duration(value(haproxy, timeout)) > least, "{timeout}");
    }
    assert!(duration(value(nginx, "proxy_read_timeout ").trim_end_matches(';')) > least);
}
