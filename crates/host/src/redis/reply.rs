//! A reply as a flat list.

use redis::Value;

use crate::bindings::spin::redis::redis::{Error, RedisResult};

/// The size of a reply that a component may receive.
const LIMIT: usize = 128 << 20;

/// Refuses a reply of more than `size` bytes beyond the limit.
pub(super) fn check_size(size: usize) -> Result<(), Error> {
    if size > LIMIT {
        return Err(Error::Other(format!(
            "query result exceeds limit of {LIMIT} bytes"
        )));
    }
    Ok(())
}

/// Puts the values of nested arrays one after the other. Maps and the other types that only
/// RESP3 has do not fit in a list of `redis-result`.
pub(super) fn flatten(value: Value) -> Result<Vec<RedisResult>, Error> {
    let mut values = Vec::new();
    append(&mut values, value)?;
    check_size(values.iter().map(size).sum())?;
    Ok(values)
}

fn append(values: &mut Vec<RedisResult>, value: Value) -> Result<(), Error> {
    values.push(match value {
        Value::Array(items) | Value::Set(items) => {
            return items.into_iter().try_for_each(|item| append(values, item));
        }
        Value::Nil => RedisResult::Nil,
        Value::Int(number) => RedisResult::Int64(number),
        Value::Boolean(yes) => RedisResult::Int64(yes.into()),
        Value::BulkString(bytes) | Value::BigNumber(bytes) => RedisResult::Binary(bytes),
        Value::Double(number) => RedisResult::Binary(number.to_string().into_bytes()),
        Value::SimpleString(text) => RedisResult::Status(text),
        Value::Okay => RedisResult::Status("OK".to_owned()),
        Value::Map(_) => return Err(unsupported("Redis Map type is")),
        Value::Attribute { .. } => return Err(unsupported("Redis Attribute type is")),
        Value::VerbatimString { .. } => {
            return Err(unsupported("Redis string with format attribute is"));
        }
        Value::Push { .. } => return Err(unsupported("Redis Pub/Sub types are")),
        other => return Err(unsupported(&format!("{other:?} is"))),
    });
    Ok(())
}

fn unsupported(what: &str) -> Error {
    Error::Other(format!(
        "Could not convert Redis response - TypeError: {what} not supported"
    ))
}

fn size(value: &RedisResult) -> usize {
    let held = match value {
        RedisResult::Nil | RedisResult::Int64(_) => 0,
        RedisResult::Binary(bytes) => bytes.len(),
        RedisResult::Status(text) => text.len(),
    };
    size_of::<RedisResult>().saturating_add(held)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrays_are_flattened_in_order() {
        let reply = Value::Array(vec![
            Value::Int(1),
            Value::Array(vec![Value::Nil, Value::Array(vec![Value::Okay])]),
            Value::BulkString(b"x".to_vec()),
            Value::Set(vec![Value::Boolean(true), Value::Double(1.5)]),
        ]);
        let flat = format!("{:?}", flatten(reply).expect("fits"));
        assert_eq!(
            flat,
            r#"[RedisResult::Int64(1), RedisResult::Nil, RedisResult::Status("OK"), RedisResult::Binary([120]), RedisResult::Int64(1), RedisResult::Binary([49, 46, 53])]"#
        );
        assert!(flatten(Value::Array(vec![])).expect("fits").is_empty());
    }

    #[test]
    fn maps_are_refused() {
        let nested = Value::Array(vec![Value::Map(vec![(Value::Nil, Value::Nil)])]);
        let Err(Error::Other(text)) = flatten(nested) else {
            panic!("accepted");
        };
        assert!(text.contains("Redis Map type is not supported"), "{text}");
    }
}
