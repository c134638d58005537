use onsale_domain::ids::AccountId;

/// Who has a coupon of a campaign, in four bytes for each. Somebody who has one is always among them; of those who have
/// none, one in some hundreds or millions may seem to be, and is then looked up.
#[derive(Debug, Default)]
pub(super) struct Owners(Vec<u32>);

impl Owners {
    /// Those with these fingerprints. Sorting millions takes a moment.
    pub(super) fn of(mut fingerprints: Vec<u32>) -> Self {
        fingerprints.sort_unstable();
        Self(fingerprints)
    }

    pub(super) fn count(&self) -> usize {
        self.0.len()
    }

    /// Whether `customer` may be among them.
    pub(super) fn may_have(&self, customer: AccountId) -> bool {
        self.0.binary_search(&fingerprint(customer)).is_ok()
    }
}

/// What is remembered of an owner. The last bytes of an id are random.
pub(super) fn fingerprint(customer: AccountId) -> u32 {
    let [.., a, b, c, d] = *customer.0.as_bytes();
    u32::from_be_bytes([a, b, c, d])
}
