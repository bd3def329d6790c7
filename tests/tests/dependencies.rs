//! What Latch is built of: licences that let anyone use it, and one registry.
//!
//! Advisories are another matter, which `cargo audit` knows of.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic here is a failed test"
)]

use std::process::Command;

use serde_json::Value;
use spdx::{Expression, ParseMode};

/// Licences that ask for no more than their text and a notice, or for changes to the very files
/// that they cover (MPL-2.0), and the licence of a list of certificates.
const ALLOWED: [&str; 10] = [
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MPL-2.0",
    "Unicode-3.0",
    "Zlib",
];

fn packages() -> Vec<Value> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo metadata");
    metadata["packages"].as_array().unwrap().clone()
}

#[test]
fn every_licence_is_one_that_we_accept() {
    for package in packages() {
        let name = &package["name"];
        let text = package["license"].as_str().unwrap_or_default();
        let licence = Expression::parse_mode(text, ParseMode::LAX)
            .unwrap_or_else(|error| panic!("{name}: {text:?}: {error}"));
        let accepted = licence.evaluate(|wanted| {
            let id = wanted.license.id().map_or("", |id| id.name);
            ALLOWED.contains(&id)
        });
        assert!(accepted, "{name} is licensed as {text}");
    }
}

#[test]
fn every_package_is_ours_or_from_the_registry() {
    for package in packages() {
        let source = package["source"].as_str().unwrap_or("ours");
        assert!(
            source == "ours" || source.starts_with("registry+"),
            "{}: {source}",
            package["name"]
        );
    }
}
