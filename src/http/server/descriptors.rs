//! The limit on file descriptors: each connection uses one.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// The descriptors that are not for open connections and not for the database: the listener's, the runtime's, and those
/// of new connections that wait or are being refused.
const RESERVE: u64 = 368;

/// Raises the soft limit to the hard one, which needs no privilege, and returns the most connections that the limit
/// allows beside those to the database. Shells and service managers usually set a soft limit of 1024, for programs that
/// use `select`.
pub(crate) fn raise_limit(of_database: u32) -> usize {
    let limit = getrlimit(Resource::Nofile);
    if limit.current != limit.maximum
        && let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit })
    {
        tracing::debug!(%error, "the limit on file descriptors could not be raised");
    }
    getrlimit(Resource::Nofile).current.map_or(usize::MAX, |limit| connections_within(limit, of_database))
}

/// The most connections with this limit on descriptors.
fn connections_within(limit: u64, of_database: u32) -> usize {
    let reserve = (RESERVE + u64::from(of_database) + limit / 16).min(limit / 2);
    usize::try_from(limit - reserve).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_the_descriptors_is_reserved() {
        for (limit, connections) in [(64, 32), (300, 150), (1024, 576), (16_384, 14_976), (1_048_576, 982_656)] {
            assert_eq!(connections_within(limit, 16), connections, "{limit}");
        }
        assert_eq!(connections_within(16_384, 1016), 13_976);
        assert_eq!(connections_within(1024, u32::MAX), 512);
    }

    #[test]
    fn soft_limit_is_raised_to_the_hard_one() {
        let connections = raise_limit(16);
        let limit = getrlimit(Resource::Nofile);
        assert_eq!(limit.current, limit.maximum);
        assert_eq!(connections, limit.current.map_or(usize::MAX, |limit| connections_within(limit, 16)));
    }
}
