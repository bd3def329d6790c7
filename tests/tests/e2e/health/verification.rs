//! One verification, as a service sees it and as an operator does.

use std::{env, path::PathBuf, process::Command, sync::LazyLock};

use serde_json::{Value, json};
use tests::{Answer, App};

pub(crate) const PATH: &str = "/api/health/verify";

/// What an app answers to the verification, whatever that is.
pub(crate) async fn ask(app: &App) -> Answer {
    let authorization = format!("Bearer {}", app.service_token());
    app.post_with(PATH, &[("authorization", &authorization)], &json!({}))
        .await
}

/// The list of checks in an answer.
pub(crate) struct Checks(Vec<Value>);

impl Checks {
    /// Nothing has failed.
    pub(crate) async fn passed(app: &App) -> Self {
        Self::in_body(&ask(app).await.ok())
    }

    /// Something has.
    pub(crate) async fn failed(app: &App) -> Self {
        let answer = ask(app).await;
        Self::in_body(&answer.problem(503, "verification-failed"))
    }

    fn in_body(body: &Value) -> Self {
        Self(body["checks"].as_array().expect("a list").clone())
    }

    /// The names of the checks that came out so: `ok`, `warn` or `fail`.
    pub(crate) fn names(&self, status: &str) -> Vec<&str> {
        self.0
            .iter()
            .filter(|check| check["status"] == status)
            .map(|check| check["name"].as_str().unwrap())
            .collect()
    }

    pub(crate) fn get(&self, name: &str) -> &Value {
        let found = self.0.iter().find(|check| check["name"] == name);
        found.unwrap_or_else(|| panic!("no {name} in {:#?}", self.0))
    }

    /// Fails unless `name` came out as `status`, and says what to do in words that hold `fix`.
    pub(crate) fn assert_fix(&self, name: &str, status: &str, fix: &str) {
        let check = self.get(name);
        assert_eq!(check["status"], status, "{check}");
        assert!(check["fix"].as_str().unwrap().contains(fix), "{check}");
        assert!(!check["detail"].as_str().unwrap().is_empty(), "{check}");
        assert!(check["ms"].as_f64().unwrap() >= 0.0, "{check}");
    }
}

/// What `cargo xtask verify` prints and how it ends.
pub(crate) struct Table {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Table {
    pub(crate) fn of(app: &App) -> Self {
        Self::with(&["--url", app.url(), "--token", app.service_token()])
    }

    pub(crate) fn with(args: &[&str]) -> Self {
        let output = Command::new(&*XTASK).arg("verify").args(args).output();
        let output = output.unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Self {
            code: output.status.code().expect("an exit status"),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }

    /// Fails unless the line of `name` has this mark, and the one below it a fix that holds `fix`.
    pub(crate) fn assert_fix(&self, mark: char, name: &str, fix: &str) {
        let begin = format!("{mark} {name} ");
        let mut lines = self.stdout.lines();
        let found = lines.any(|line| line.starts_with(&begin));
        assert!(found, "no `{begin}` in\n{}", self.stdout);
        let below = lines.next().unwrap_or_default().trim_start();
        assert!(
            below.starts_with("fix: ") && below.contains(fix),
            "{below}, not {fix}"
        );
    }
}

/// The program, built if it is not yet: the tests of one package do not build another's programs.
static XTASK: LazyLock<PathBuf> = LazyLock::new(|| {
    let output = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--package", "xtask"])
        .args(["--message-format", "json-render-diagnostics"])
        .current_dir(tests::workspace())
        .output()
        .unwrap();
    let messages = String::from_utf8(output.stdout).unwrap();
    let program = messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .find_map(|message| Some(PathBuf::from(message["executable"].as_str()?)));
    program.unwrap_or_else(|| panic!("{}", String::from_utf8_lossy(&output.stderr)))
});
