//! JSON as the shapes of requests and variables say, and in no other way.
//!
//! Serde takes an array for an object, field by field, and an object for a name of an enum. Here an
//! object is an object and a name is a string, at every depth. And what a caller wrote is not said
//! back to them: it may be a code, and an answer ends up in more logs than one.

use std::fmt;

use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, Error, IntoDeserializer as _, MapAccess,
    SeqAccess, Visitor,
};

/// Why JSON cannot be read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unreadable {
    /// The field at fault, `checks[0].key`; none if it is not JSON, or not an object.
    pub(crate) field: Option<String>,
    /// What is wrong with it, without a value.
    pub(crate) reason: String,
}

/// Reads JSON of exactly the shape of `T`, which must deny unknown fields. No type in it may be
/// read by way of a copy (`flatten`, `untagged`, `tag`): serde reads those as it likes.
pub(crate) fn read<T: DeserializeOwned>(text: &[u8]) -> Result<T, Unreadable> {
    let mut json = serde_json::Deserializer::from_slice(text);
    let value = T::deserialize(Strict(&mut json));
    match value.and_then(|value| json.end().map(|()| value)) {
        Ok(value) => Ok(value),
        Err(_) => read_with_path(text),
    }
}

/// Reads the JSON of a variable, as exactly as that of a body. The error is a reason that names the
/// field and holds no value.
pub fn parse_json<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    read(text.as_bytes()).map_err(|Unreadable { field, reason }| match field {
        Some(field) => format!("`{field}`: {reason}"),
        None => reason,
    })
}

/// The same, slower, to know the field where something is wrong.
fn read_with_path<T: DeserializeOwned>(text: &[u8]) -> Result<T, Unreadable> {
    let mut json = serde_json::Deserializer::from_slice(text);
    let value = serde_path_to_error::deserialize(Strict(&mut json)).map_err(|error| {
        let path = error.path().to_string();
        unreadable(&path, &error.into_inner())
    })?;
    json.end().map_err(|error| unreadable(".", &error))?;
    Ok(value)
}

/// Serde's reason, with the name of the field where there is one.
fn unreadable(path: &str, error: &serde_json::Error) -> Unreadable {
    let reason = without_value(&error.to_string());
    // "missing field `phone`", "duplicate field `phone`": the path may stop at the object, and the
    // name stands in the text.
    let quoted = reason
        .split_once(" field `")
        .and_then(|(_, rest)| rest.split_once('`'))
        .map(|(name, _)| name);
    let at = match (path, quoted) {
        (".", Some(name)) => name.to_owned(),
        (path, Some(name)) if path.rsplit('.').next() != Some(name) => format!("{path}.{name}"),
        (path, _) => path.to_owned(),
    };
    let no_field = at == "." || error.is_syntax() || error.is_eof();
    Unreadable {
        field: (!no_field).then_some(at),
        reason,
    }
}

/// Serde tells what it found: "invalid type: integer `302551`, expected a string".
fn without_value(text: &str) -> String {
    const KINDS: [&str; 4] = [
        "invalid type",
        "invalid value",
        "invalid length",
        "unknown variant",
    ];
    let kind = KINDS.into_iter().find(|kind| text.starts_with(kind));
    match (kind, text.rsplit_once(", expected ")) {
        (Some(kind), Some((_, expected))) => format!("{kind}, expected {expected}"),
        _ => text.to_owned(),
    }
}

/// Wraps whatever serde hands on, so that no struct and no enum is reached but through this.
struct Strict<T>(T);

/// The visitor of a struct: there is nothing that it takes but an object.
struct Object<V>(V);

/// The visitor of an enum of names: there is nothing that it takes but a string.
struct Name<V>(V);

macro_rules! deserialize_alike {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
            self.0.$method(Strict(visitor))
        }
    )*};
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Strict<D> {
    type Error = D::Error;

    deserialize_alike! {
        deserialize_any deserialize_bool deserialize_char
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128
        deserialize_f32 deserialize_f64 deserialize_str deserialize_string
        deserialize_bytes deserialize_byte_buf deserialize_option deserialize_unit
        deserialize_seq deserialize_map deserialize_identifier deserialize_ignored_any
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.0.deserialize_struct(name, fields, Object(visitor))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.0.deserialize_str(Name(visitor))
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.0.deserialize_unit_struct(name, Strict(visitor))
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.0.deserialize_newtype_struct(name, Strict(visitor))
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        length: usize,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.0.deserialize_tuple(length, Strict(visitor))
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        length: usize,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.0
            .deserialize_tuple_struct(name, length, Strict(visitor))
    }

    fn is_human_readable(&self) -> bool {
        self.0.is_human_readable()
    }
}

macro_rules! visit_alike {
    ($($method:ident($type:ty))*) => {$(
        fn $method<E: Error>(self, value: $type) -> Result<V::Value, E> {
            self.0.$method(value)
        }
    )*};
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Strict<V> {
    type Value = V::Value;

    fn expecting(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.expecting(text)
    }

    visit_alike! {
        visit_bool(bool) visit_i64(i64) visit_i128(i128) visit_u64(u64) visit_u128(u128)
        visit_f64(f64) visit_str(&str) visit_borrowed_str(&'de str) visit_string(String)
    }

    fn visit_none<E: Error>(self) -> Result<V::Value, E> {
        self.0.visit_none()
    }

    fn visit_unit<E: Error>(self) -> Result<V::Value, E> {
        self.0.visit_unit()
    }

    fn visit_some<D: Deserializer<'de>>(self, inner: D) -> Result<V::Value, D::Error> {
        self.0.visit_some(Strict(inner))
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, inner: D) -> Result<V::Value, D::Error> {
        self.0.visit_newtype_struct(Strict(inner))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<V::Value, A::Error> {
        self.0.visit_seq(Strict(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<V::Value, A::Error> {
        self.0.visit_map(Strict(entries))
    }
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Object<V> {
    type Value = V::Value;

    fn expecting(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
        text.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<V::Value, A::Error> {
        self.0.visit_map(Strict(entries))
    }
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Name<V> {
    type Value = V::Value;

    fn expecting(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
        text.write_str("a string")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<V::Value, E> {
        self.0.visit_enum(name.into_deserializer())
    }
}

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for Strict<A> {
    type Error = A::Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, A::Error> {
        self.0.next_element_seed(Strict(seed))
    }

    fn size_hint(&self) -> Option<usize> {
        self.0.size_hint()
    }
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Strict<A> {
    type Error = A::Error;

    fn next_key_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, A::Error> {
        self.0.next_key_seed(Strict(seed))
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, A::Error> {
        self.0.next_value_seed(Strict(seed))
    }

    fn size_hint(&self) -> Option<usize> {
        self.0.size_hint()
    }
}

impl<'de, T: DeserializeSeed<'de>> DeserializeSeed<'de> for Strict<T> {
    type Value = T::Value;

    fn deserialize<D: Deserializer<'de>>(self, inner: D) -> Result<T::Value, D::Error> {
        self.0.deserialize(Strict(inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;
    use std::collections::BTreeMap;
    use wasm_bindgen_test::wasm_bindgen_test;

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(deny_unknown_fields)]
    struct Shape {
        name: String,
        kind: Option<Kind>,
        inner: Option<Inner>,
        #[serde(default)]
        list: Vec<Inner>,
        #[serde(default)]
        map: BTreeMap<String, Inner>,
        any: Option<serde_json::Value>,
    }

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(deny_unknown_fields)]
    struct Inner {
        deep: u8,
    }

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(rename_all = "lowercase")]
    enum Kind {
        Small,
        Large,
    }

    fn refused(text: &str) -> Unreadable {
        read::<Shape>(text.as_bytes()).unwrap_err()
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn what_has_the_shape_is_read() {
        let text = r#"{"name":"a","kind":"small","inner":{"deep":1},"list":[{"deep":2}],
                       "map":{"k":{"deep":3}},"any":[["x",1],{"y":null}]}"#;
        assert_eq!(
            read::<Shape>(text.as_bytes()),
            Ok(Shape {
                name: "a".to_owned(),
                kind: Some(Kind::Small),
                inner: Some(Inner { deep: 1 }),
                list: vec![Inner { deep: 2 }],
                map: [("k".to_owned(), Inner { deep: 3 })].into(),
                any: Some(serde_json::json!([["x", 1], {"y": null}])),
            })
        );
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn an_array_is_no_object_at_any_depth() {
        assert!(serde_json::from_str::<Inner>("[1]").is_ok(), "serde's way");
        for (text, field) in [
            (r#"["a",null,null,[],{},null]"#, None),
            (r#"{"name":"a","inner":[1]}"#, Some("inner")),
            (r#"{"name":"a","list":[[1]]}"#, Some("list[0]")),
            (r#"{"name":"a","list":[{"deep":1},[1]]}"#, Some("list[1]")),
            (r#"{"name":"a","map":{"k":[1]}}"#, Some("map.k")),
        ] {
            let Unreadable { field: at, reason } = refused(text);
            assert_eq!(at.as_deref(), field, "{text}");
            let expected = "invalid type, expected a JSON object";
            assert!(reason.starts_with(expected), "{text}: {reason}");
        }
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn a_name_is_a_string() {
        assert!(
            serde_json::from_str::<Kind>(r#"{"small":null}"#).is_ok(),
            "serde's way"
        );
        for value in [r#"{"small":null}"#, r#"["small"]"#, "1", "true"] {
            let refused = refused(&format!(r#"{{"name":"a","kind":{value}}}"#));
            assert_eq!(refused.field.as_deref(), Some("kind"));
            let expected = "invalid type, expected a string";
            assert!(refused.reason.starts_with(expected), "{refused:?}");
        }
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn no_value_is_said_back() {
        for text in [
            r#"{"name":302551}"#,
            r#"{"name":-302551.5}"#,
            r#"{"name":"a","kind":"302551"}"#,
            r#"{"name":"a","kind":"302551, expected `302551`"}"#,
            r#"{"name":"a","kind":302551}"#,
            r#"{"name":"a","kind":{"302551":null}}"#,
            r#"{"name":"a","inner":"302551"}"#,
            r#"{"name":"a","inner":{"deep":302551}}"#,
            r#"{"name":"a","list":"302551"}"#,
            r#"{"name":"a","list":[302551]}"#,
        ] {
            let refused = refused(text);
            assert!(refused.field.is_some(), "{text}");
            assert!(
                !refused.reason.contains("302551"),
                "{text}: {}",
                refused.reason
            );
        }
        let kind = refused(r#"{"name":"a","kind":"medium"}"#);
        assert!(
            kind.reason
                .starts_with("unknown variant, expected `small` or `large`"),
            "{kind:?}"
        );
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn a_variable_names_its_field() {
        let parsed = parse_json::<BTreeMap<String, Inner>>(r#"{"a":{"deep":1},"b":[1]}"#);
        let reason = parsed.unwrap_err();
        assert!(reason.starts_with("`b`: invalid type"), "{reason}");
        let missing = parse_json::<BTreeMap<String, Inner>>(r#"{"a":{}}"#).unwrap_err();
        assert!(
            missing.starts_with("`a.deep`: missing field `deep`"),
            "{missing}"
        );
        assert!(parse_json::<BTreeMap<String, Inner>>("").is_err());
    }
}
