//! What may name a variable.

/// Checks a variable's name by Spin's rule: lower-case ASCII letters, digits and single
/// underscores, a letter first, no underscore last.
///
/// # Errors
/// Says which part of the rule is broken, the name quoted first, as Spin does to the guest.
pub(crate) fn check(name: &str) -> Result<(), String> {
    let allowed = |c: &char| c.is_ascii_lowercase() || c.is_ascii_digit() || *c == '_';
    let broken = if name.is_empty() {
        "must not be empty".to_owned()
    } else if let Some(c) = name.chars().find(|c| !allowed(c)) {
        format!("must hold lower-case letters, digits and underscores only, not {c:?}")
    } else if !name.starts_with(|c: char| c.is_ascii_lowercase()) {
        "must start with a letter".to_owned()
    } else if name.ends_with('_') {
        "must not end with an underscore".to_owned()
    } else if name.contains("__") {
        "must not hold two underscores in a row".to_owned()
    } else {
        return Ok(());
    };
    Err(format!("{name:?}: {broken}"))
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn names() {
        for good in ["a", "redis_url", "otp_requests_per_minute", "a1_2b"] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        for bad in ["", "A", "redis-url", "1st", "_a", "a_", "a__b", "é"] {
            assert!(check(bad).is_err(), "{bad}");
        }
    }
}
