//! What makes a crate a component.

/// Makes `$component` what this crate exports to Spin, with one [`App`] for each instance.
#[macro_export]
macro_rules! component {
    ($component:ident) => {
        #[cfg(target_os = "wasi")]
        mod spin_export {
            use $crate::platform::spin::{Spin, bindings, serve};

            static APP: $crate::App<Spin, super::$component> = $crate::App::new(Spin);

            struct Export;
            bindings::http::service::export!(Export with_types_in bindings);

            impl bindings::exports::http::handler::Guest for Export {
                async fn handle(
                    request: bindings::http::types::Request,
                ) -> Result<bindings::http::types::Response, bindings::http::types::ErrorCode> {
                    serve(&APP, request).await
                }
            }
        }
    };
}
