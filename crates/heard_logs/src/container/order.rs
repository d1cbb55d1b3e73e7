//! Items in the order in which they were written, though many services export the newest first.

use std::collections::VecDeque;

use super::Item;
use crate::assembly::class;
use crate::message;

/// Items that are looked at together.
const MOST_ITEMS: usize = 50_000;
const MOST_BYTES: usize = 8 << 20;

/// Turns items around where they come with the newest first.
#[derive(Default)]
pub(crate) struct Order {
    items: VecDeque<(u64, Item)>,
    bytes: usize,
    is_reversed: Option<bool>,
}

impl Order {
    /// Takes an item, and gives those whose order is known.
    pub(crate) fn push(&mut self, number: u64, item: Item, out: &mut Vec<(u64, Item)>) {
        self.bytes += size(&item);
        self.items.push_back((number, item));
        if self.items.len() >= MOST_ITEMS || self.bytes >= MOST_BYTES {
            self.release(out, false);
        }
    }

    pub(crate) fn finish(&mut self, out: &mut Vec<(u64, Item)>) {
        self.release(out, true);
    }

    /// Whether the newest come first.
    pub(crate) fn is_reversed(&self) -> bool {
        self.is_reversed == Some(true)
    }

    fn release(&mut self, out: &mut Vec<(u64, Item)>, is_end: bool) {
        let is_reversed = *self.is_reversed.get_or_insert_with(|| is_descending(&self.items));
        if !is_reversed {
            out.extend(self.items.drain(..));
            self.bytes = 0;
            return;
        }
        // A record that goes on in what is not read yet has its beginning there: it waits.
        let begins = |(_, item): &(u64, Item)| matches!(item, Item::Text { lines, .. } if lines.first().is_some_and(|line| class::is_start(line) || message::find(line).is_some()));
        let keep = if is_end { self.items.len() } else { self.items.iter().rposition(begins).map_or(self.items.len(), |at| at + 1) };
        let rest = self.items.split_off(keep);
        out.extend(std::mem::replace(&mut self.items, rest).into_iter().rev());
        self.bytes = self.items.iter().map(|(_, item)| size(item)).sum();
    }
}

fn size(item: &Item) -> usize {
    match item {
        Item::Text { lines, .. } => 200 + lines.iter().map(String::len).sum::<usize>(),
        Item::Own(_) => 400,
    }
}

fn is_descending(items: &VecDeque<(u64, Item)>) -> bool {
    let times: Vec<i64> = items
        .iter()
        .filter_map(|(_, item)| match item {
            Item::Text { origin, lines } => origin
                .stamp
                .clone()
                .or_else(|| lines.first().and_then(|line| crate::stamp::at_start(line)).map(|found| found.stamp))
                .map(|stamp| stamp.micros()),
            Item::Own(_) => None,
        })
        .collect();
    let down = times.windows(2).filter(|pair| pair[0] > pair[1]).count();
    let up = times.windows(2).filter(|pair| pair[0] < pair[1]).count();
    if down == 0 && up == 0 {
        return reads_backwards(items);
    }
    down > up
}

/// Where times do not tell, whether details stand before their message.
fn reads_backwards(items: &VecDeque<(u64, Item)>) -> bool {
    let texts: Vec<&str> = items
        .iter()
        .filter_map(|(_, item)| match item {
            Item::Text { lines, .. } if lines.len() == 1 => lines.first().map(String::as_str),
            _ => None,
        })
        .collect();
    let is_detail = |text: &str| class::Class::of(text) == class::Class::Detail;
    let pairs = texts.windows(2).filter(|pair| message::find(pair[0]).is_some() && is_detail(pair[1])).count();
    let turned = texts.windows(2).filter(|pair| is_detail(pair[0]) && message::find(pair[1]).is_some()).count();
    turned > pairs
}
