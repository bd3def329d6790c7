//! Where one command or reply ends and the next begins (RESP2).

/// The length of the first frame in `bytes`, once all of it is there.
///
/// # Panics
/// If it is no frame of RESP2.
pub(crate) fn frame(bytes: &[u8]) -> Option<usize> {
    let line = bytes.windows(2).position(|pair| pair == b"\r\n")? + 2;
    let number = || -> i64 {
        let text = std::str::from_utf8(&bytes[1..line - 2]).unwrap();
        text.parse().expect("a length")
    };
    let end = match bytes[0] {
        b'+' | b'-' | b':' => line,
        b'$' => match usize::try_from(number()) {
            Ok(length) => line + length + 2,
            // A null.
            Err(_) => line,
        },
        b'*' => {
            let mut end = line;
            for _ in 0..number() {
                end += frame(&bytes[end..])?;
            }
            end
        }
        other => panic!("a frame that begins with {other}"),
    };
    (end <= bytes.len()).then_some(end)
}
