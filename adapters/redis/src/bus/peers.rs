use std::collections::HashMap;
use std::time::Duration;

use tokio::time::Instant;
use uuid::Uuid;

/// Replicas that are followed at the same time.
const MOST_PEERS: usize = 1_024;
/// A replica that gave no sign of life for so long has ended.
const FORGOTTEN_AFTER: Duration = Duration::from_mins(1);

/// How far each of the other replicas has been heard.
#[derive(Default)]
pub(super) struct Peers {
    heard: HashMap<Uuid, Peer>,
}

struct Peer {
    sequence: u64,
    at: Instant,
}

impl Peers {
    /// Whether nothing is missing before message `sequence` of `sender`, or up to it when it only says how far it is.
    /// A sender that was never heard before has nothing that could be missing.
    pub(super) fn hear(&mut self, sender: Uuid, sequence: u64, is_message: bool, now: Instant) -> bool {
        if let Some(peer) = self.heard.get_mut(&sender) {
            let whole = sequence <= peer.sequence.saturating_add(u64::from(is_message));
            peer.sequence = peer.sequence.max(sequence);
            peer.at = now;
            return whole;
        }
        if self.heard.len() >= MOST_PEERS {
            self.heard.retain(|_, peer| now.duration_since(peer.at) < FORGOTTEN_AFTER);
        }
        if self.heard.len() >= MOST_PEERS {
            return false; // nobody can tell whether something is missing
        }
        self.heard.insert(sender, Peer { sequence, at: now });
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: Uuid = Uuid::from_u128(1);
    const TWO: Uuid = Uuid::from_u128(2);

    #[test]
    fn a_gap_is_noticed_by_the_next_message_or_the_next_sign_of_life() {
        let (mut peers, now) = (Peers::default(), Instant::now());
        assert!(peers.hear(ONE, 41, true, now), "never heard before");
        assert!(peers.hear(ONE, 42, true, now));
        assert!(peers.hear(ONE, 42, false, now));
        assert!(peers.hear(TWO, 7, false, now), "another counts on its own");
        assert!(peers.hear(TWO, 8, true, now));
        assert!(!peers.hear(ONE, 44, true, now));
        assert!(peers.hear(ONE, 45, true, now), "noticed once");
        assert!(!peers.hear(ONE, 46, false, now));
        assert!(peers.hear(ONE, 46, false, now));
    }

    #[test]
    fn replicas_that_ended_make_room_for_others() {
        let (mut peers, start) = (Peers::default(), Instant::now());
        for peer in 0..MOST_PEERS {
            assert!(peers.hear(Uuid::from_u128(peer as u128), 1, true, start));
        }
        let next = Uuid::from_u128(u128::MAX);
        assert!(!peers.hear(next, 1, true, start), "too many at once");
        assert!(peers.hear(next, 2, true, start + FORGOTTEN_AFTER));
        assert_eq!(peers.heard.len(), 1);
    }
}
