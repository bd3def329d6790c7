//! `spin:variables/variables@3.0.0`, as Spin's `factor-variables` answers it.

use std::{collections::BTreeMap, sync::Arc};

use wasmtime::component::{Accessor, HasData};

use super::name;
use crate::bindings::spin::variables::variables::{Error, Host, HostWithStore};

/// What one component can read.
#[derive(Clone, Debug)]
pub(crate) struct ComponentVariables {
    component: Arc<str>,
    values: Arc<BTreeMap<String, String>>,
}

// === impl ComponentVariables ===

impl ComponentVariables {
    /// The values for the component called `component`.
    pub(crate) fn new(component: &str, values: BTreeMap<String, String>) -> Self {
        Self {
            component: component.into(),
            values: values.into(),
        }
    }

    fn get(&self, key: &str) -> Result<String, Error> {
        name::check(key).map_err(Error::InvalidName)?;
        let undefined =
            || Error::Undefined(format!("no variable for {:?}.{key:?}", self.component));
        self.values.get(key).cloned().ok_or_else(undefined)
    }
}

impl HasData for ComponentVariables {
    type Data<'a> = &'a mut Self;
}

impl Host for ComponentVariables {}

impl<T: Send> HostWithStore<T> for ComponentVariables {
    async fn get(accessor: &Accessor<T, Self>, key: String) -> Result<String, Error> {
        accessor.with(|mut access| access.get().get(&key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_as_spin_answers_them() {
        let values = BTreeMap::from([("redis_url".to_owned(), "redis://h".to_owned())]);
        let variables = ComponentVariables::new("circuit", values);
        assert!(matches!(variables.get("redis_url"), Ok(url) if url == "redis://h"));
        assert!(matches!(
            variables.get("Redis-Url"),
            Err(Error::InvalidName(_))
        ));
        let Err(Error::Undefined(text)) = variables.get("other") else {
            panic!("defined");
        };
        assert_eq!(text, r#"no variable for "circuit"."other""#);
    }
}
