//! What becomes of an input that has been through bad hands.

use rand::RngExt as _;

use crate::run::Dice;

/// What parsers trip over.
const SNAGS: [&[u8]; 24] = [
    b"\0",
    b"\r\n",
    b"\n",
    b"\t",
    b"\x7f",
    b"\xff",
    b"\xc0\xaf",
    b"\xed\xa0\x80",
    b"\xc3\xa9",
    b"\"",
    b"\\",
    b"\\u0000",
    b"\\ud800",
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b";",
    b"=",
    b"%",
    b"%00",
    b"-",
    b"9e9",
];

/// One of `items`.
pub(crate) fn pick<'a, T>(dice: &mut Dice, items: &'a [T]) -> &'a T {
    &items[dice.random_range(0..items.len())]
}

/// Flips, inserts, leaves out, doubles and splices, once or a few times.
///
/// What is spliced in is a piece of one of `others`.
pub(crate) fn mutate(dice: &mut Dice, bytes: &mut Vec<u8>, others: &[impl AsRef<[u8]>]) {
    let other = pick(dice, others).as_ref();
    for _ in 0..dice.random_range(1..5) {
        let at = dice.random_range(0..=bytes.len());
        let end = (at + dice.random_range(1..9)).min(bytes.len());
        match dice.random_range(0..8) {
            0 if at < bytes.len() => bytes[at] ^= 1 << dice.random_range(0..8),
            1 if at < bytes.len() => bytes[at] = dice.random(),
            2 => bytes.insert(at, dice.random()),
            3 => drop(bytes.drain(at..end)),
            4 => drop(bytes.splice(at..at, pick(dice, &SNAGS).iter().copied())),
            5 => {
                let piece = bytes[at..end].repeat(dice.random_range(1..200));
                bytes.splice(at..at, piece);
            }
            6 => {
                let from = dice.random_range(0..=other.len());
                bytes.truncate(at);
                bytes.extend(&other[from..]);
            }
            _ if dice.random_ratio(1, 4) => bytes.truncate(at),
            _ => {}
        }
    }
}

/// The same for a text.
pub(crate) fn mutate_text(dice: &mut Dice, text: &str, others: &[impl AsRef<[u8]>]) -> String {
    let mut bytes = text.as_bytes().to_vec();
    mutate(dice, &mut bytes, others);
    String::from_utf8_lossy(&bytes).into_owned()
}
