use rand::Rng as _;

/// Bytes from the thread's cryptographic generator, which the operating system seeds.
#[expect(clippy::disallowed_methods, reason = "this crate is where randomness comes from")]
pub(crate) fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    rand::rng().fill_bytes(&mut bytes);
    bytes
}
