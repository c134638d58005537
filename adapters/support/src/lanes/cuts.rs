//! Cutting a group into sizes that few prepared statements cover.

use std::iter;
use std::ops::Range;

/// The longest range that [`powers_of_two`] cuts.
pub const LARGEST_CUT: usize = 256;

/// Cuts `0..len` into consecutive ranges whose lengths are descending powers of two, at most [`LARGEST_CUT`]; none for
/// a `len` of zero.
///
/// Every length of a multi-row statement is another SQL text to prepare and to keep. Cut like this, a group of any size
/// needs nine texts: 700 rows go as 256, 256, 128, 32, 16, 8 and 4.
///
/// ```
/// let cuts: Vec<_> = onsale_support::lanes::powers_of_two(7).collect();
/// assert_eq!(cuts, [0..4, 4..6, 6..7]);
/// ```
pub fn powers_of_two(len: usize) -> impl Iterator<Item = Range<usize>> {
    let mut start = 0;
    iter::from_fn(move || {
        let rest = len - start;
        let size = 1 << rest.checked_ilog2()?;
        let cut = start..start + LARGEST_CUT.min(size);
        start = cut.end;
        Some(cut)
    })
}
