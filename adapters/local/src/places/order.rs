use std::collections::BTreeMap;
use std::iter;

use onsale_domain::waiting_room::QueueNumber;

use super::name::Name;

/// Numbers in one block: as many as a word has bits.
const BLOCK: QueueNumber = 64;

/// Numbers in order, each with a name.
///
/// Numbers are dense, so they stand in blocks of 64, and a word of each block says which of its numbers are there.
/// Ranks are counted over the words: a million numbers have 16,000, which takes well below a millisecond.
#[derive(Default)]
pub(super) struct Order {
    blocks: BTreeMap<QueueNumber, Block>,
}

struct Block {
    present: u64,
    names: Box<[Option<Name>; 64]>,
}

impl Block {
    fn new() -> Self {
        Self { present: 0, names: Box::new([const { None }; 64]) }
    }

    const fn count(&self) -> usize {
        self.present.count_ones() as usize
    }
}

/// The block of a number, and its place in there.
const fn place(number: QueueNumber) -> (QueueNumber, usize) {
    #[expect(clippy::cast_possible_truncation, reason = "0 to 63")]
    let index = number.rem_euclid(BLOCK) as usize;
    (number.div_euclid(BLOCK), index)
}

/// The place of the `rank`-th bit that is set, from 1 on.
const fn select(mut word: u64, rank: usize) -> usize {
    let mut passed = 1;
    while passed < rank {
        word &= word - 1;
        passed += 1;
    }
    word.trailing_zeros() as usize
}

impl Order {
    pub(super) fn insert(&mut self, number: QueueNumber, name: Name) {
        let (block, index) = place(number);
        let block = self.blocks.entry(block).or_insert_with(Block::new);
        block.present |= 1 << index;
        block.names[index] = Some(name);
    }

    pub(super) fn remove(&mut self, number: QueueNumber) -> Option<Name> {
        let (key, index) = place(number);
        let block = self.blocks.get_mut(&key)?;
        let name = block.names[index].take()?;
        block.present &= !(1 << index);
        if block.present == 0 {
            self.blocks.remove(&key);
        }
        Some(name)
    }

    pub(super) fn contains(&self, number: QueueNumber) -> bool {
        let (key, index) = place(number);
        self.blocks.get(&key).is_some_and(|block| block.names[index].is_some())
    }

    /// The lowest number.
    pub(super) fn first(&self) -> Option<QueueNumber> {
        let (key, block) = self.blocks.first_key_value()?;
        Some(key * BLOCK + QueueNumber::from(block.present.trailing_zeros()))
    }

    /// How many numbers there are up to `number`.
    pub(super) fn count_up_to(&self, number: QueueNumber) -> usize {
        let (key, index) = place(number);
        let before: usize = self.blocks.range(..key).map(|(_, block)| block.count()).sum();
        let within = self.blocks.get(&key).map_or(0, |block| (block.present << (63 - index)).count_ones() as usize);
        before + within
    }

    /// The numbers at those ranks, from 1 on; ranks must ascend and be no higher than there are numbers.
    pub(super) fn at_ranks(&self, ranks: impl IntoIterator<Item = usize>) -> impl Iterator<Item = QueueNumber> {
        let mut blocks = self.blocks.iter();
        let mut current = None;
        let mut before = 0;
        let mut ranks = ranks.into_iter();
        iter::from_fn(move || {
            let rank = ranks.next()?;
            loop {
                let (key, block): (&QueueNumber, &Block) = match current {
                    Some(block) => block,
                    None => blocks.next()?,
                };
                if rank - before <= block.count() {
                    current = Some((key, block));
                    let index = select(block.present, rank - before);
                    return Some(key * BLOCK + QueueNumber::try_from(index).ok()?);
                }
                before += block.count();
                current = None;
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_are_those_of_a_sorted_list() {
        let numbers: Vec<QueueNumber> =
            (1..=5_000).filter(|number| number % 7 != 0 && !(640..1_300).contains(number)).collect();
        let mut order = Order::default();
        for number in numbers.iter().rev() {
            order.insert(*number, Name::Text(number.to_string().into()));
        }
        assert_eq!(order.first(), Some(1));
        assert_eq!(order.at_ranks(1..=numbers.len()).collect::<Vec<_>>(), numbers);
        assert_eq!(order.at_ranks([1, 1, numbers.len()]).collect::<Vec<_>>(), [1, 1, 5_000]);
        for number in [0, 1, 6, 7, 63, 64, 639, 640, 1_000, 1_299, 1_300, 4_999, 5_000, 9_000] {
            assert_eq!(order.count_up_to(number), numbers.partition_point(|other| *other <= number), "up to {number}");
        }
    }

    #[test]
    fn a_removed_number_is_gone_and_its_block_with_the_last() {
        let mut order = Order::default();
        order.insert(64, Name::Text("a".into()));
        order.insert(65, Name::Text("b".into()));
        assert_eq!(order.remove(66), None);
        assert_eq!(order.remove(64), Some(Name::Text("a".into())));
        assert_eq!(order.remove(64), None);
        assert_eq!(order.first(), Some(65));
        order.remove(65);
        assert_eq!(order.first(), None);
        assert!(order.blocks.is_empty());
    }
}
