//! The program from outside: what it prints, serves and refuses, on manifests without a component.

#![allow(clippy::expect_used, reason = "a helper that fails is a failed test")]

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    path::PathBuf,
    process::{Child, ChildStdout, Command, Output, Stdio},
    time::{Duration, Instant},
};

const MANIFEST: &str = r#"
spin_manifest_version = 2
[application]
name = "static"
[[trigger.http]]
route = "/teapot/..."
static_response = { status_code = 418, headers = { "x-kind" = "short" }, body = "stout" }
[[trigger.http]]
route = "/plain"
static_response = {}
"#;

/// A directory of its own for each test, with a spin.toml in it.
fn directory(test: &str, manifest: &str) -> PathBuf {
    let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(test);
    fs::create_dir_all(&directory).expect("a directory");
    fs::write(directory.join("spin.toml"), manifest).expect("a manifest");
    directory
}

fn command(directory: &PathBuf) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_latch-host"));
    command.current_dir(directory);
    command.env_remove("SPIN_VARIABLE_SECRET");
    command
}

/// Runs to the end, which is a refusal.
fn refusal(command: &mut Command) -> String {
    let Output { status, stderr, .. } = command.output().expect("it runs");
    assert!(!status.success());
    String::from_utf8(stderr).expect("text")
}

/// A running host, killed when dropped.
struct Running {
    child: Child,
    stdout: BufReader<ChildStdout>,
    address: String,
}

impl Running {
    fn start(command: &mut Command) -> Self {
        let mut child = command
            .args(["--listen", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .spawn()
            .expect("it starts");
        let mut stdout = BufReader::new(child.stdout.take().expect("piped"));
        let mut line = String::new();
        stdout.read_line(&mut line).expect("a line");
        let address = line.trim_end().strip_prefix("Serving http://");
        Self {
            address: address.expect("the first line is the address").to_owned(),
            child,
            stdout,
        }
    }

    /// The response to a request on a connection of its own, or nothing.
    fn send(&self, request: &[u8]) -> String {
        let mut connection = TcpStream::connect(&self.address).expect("it listens");
        connection.write_all(request).expect("sent");
        let mut response = String::new();
        let _ = connection.read_to_string(&mut response);
        response
    }

    fn get(&self, path: &str) -> String {
        let request = format!("GET {path} HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n");
        self.send(request.as_bytes())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn static_responses_health_and_404() {
    let host = Running::start(&mut command(&directory("static", MANIFEST)));

    let teapot = host.get("/teapot/any/thing");
    assert!(teapot.starts_with("HTTP/1.1 418 "), "{teapot}");
    assert!(teapot.contains("x-kind: short\r\n"), "{teapot}");
    assert!(
        teapot.contains("content-length: 5\r\n") && teapot.ends_with("stout"),
        "{teapot}"
    );
    assert!(host.get("/plain/").starts_with("HTTP/1.1 200 "));
    assert!(host.get("/.well-known/spin/health").ends_with("\r\n\r\nOK"));
    for path in ["/", "/teapo", "/plain/more", "/.well-known/spin/other"] {
        let missing = host.get(path);
        assert!(
            missing.starts_with("HTTP/1.1 404 ") && missing.ends_with("\r\n\r\n"),
            "{missing}"
        );
    }
}

#[test]
fn a_client_that_makes_no_sense_gets_no_sense_and_harms_nobody() {
    let host = Running::start(&mut command(&directory("senseless", MANIFEST)));
    for (request, response) in [
        (&b"GET /plain HTTP/1.1\r\n\r\n"[..], ""),
        (b"GET /plain HTTP/1.1\r\nhost: a b\r\n\r\n", ""),
        (b"GET http://a/plain HTTP/1.1\r\nhost: b\r\n\r\n", ""),
        (
            b"CONNECT a:1 HTTP/1.1\r\nhost: a:1\r\nconnection: close\r\n\r\n",
            "HTTP/1.1 404 ",
        ),
        (b"\x00\xff\r\n\r\n", "HTTP/1.1 400 "),
        (b"GET /\xff HTTP/1.1\r\nhost: h\r\n\r\n", "HTTP/1.1 400 "),
    ] {
        let got = host.send(request);
        assert!(
            got.starts_with(response) && got.is_empty() == response.is_empty(),
            "{got}"
        );
    }
    assert!(host.get("/plain").starts_with("HTTP/1.1 200 "));
}

#[test]
fn it_lists_its_routes_and_stops_when_told() {
    let mut host = Running::start(&mut command(&directory("stops", MANIFEST)));
    let started = Instant::now();
    let told = Command::new("kill")
        .arg(host.child.id().to_string())
        .status();
    assert!(told.expect("kill runs").success());
    assert!(host.child.wait().expect("it ends").success());
    assert!(started.elapsed() < Duration::from_secs(2));

    let mut listed = String::new();
    host.stdout.read_to_string(&mut listed).expect("text");
    for route in ["/plain", "/teapot/..."] {
        let line = format!("  (static): http://{}{route}\n", host.address);
        assert!(listed.contains(&line), "{listed}");
    }
}

#[test]
fn refusals_say_what_to_do() {
    let variables = "\n[variables]\nsecret = { required = true }\n";
    let component = "\n[component.gone]\nsource = \"gone.wasm\"\nbuild.command = \"make it\"\n";
    for (test, extra, remedy) in [
        ("variable", variables, "SPIN_VARIABLE_SECRET"),
        ("unbuilt", component, "`make it`"),
        ("typo", "\n[aplication]\n", "aplication"),
    ] {
        let directory = directory(test, &format!("{MANIFEST}{extra}"));
        let error = refusal(&mut command(&directory));
        assert!(error.contains(remedy), "{error}");
    }

    let directory = directory("core-module", &format!("{MANIFEST}{component}"));
    fs::write(directory.join("gone.wasm"), b"\0asm\x01\0\0\0").expect("written");
    assert!(refusal(&mut command(&directory)).contains("wasm32-wasip2"));
}

#[test]
fn an_address_in_use_is_refused() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    let directory = directory("in-use", MANIFEST);
    let error = refusal(command(&directory).args(["--listen", &address]));
    assert!(
        error.contains(&address) && error.contains("--listen"),
        "{error}"
    );
}

#[test]
fn a_dotenv_file_in_the_working_directory_gives_variables() {
    let variables = "\n[variables]\nsecret = { required = true }\n";
    let directory = directory("dotenv", &format!("{MANIFEST}{variables}"));
    fs::write(directory.join(".env"), "SPIN_VARIABLE_SECRET=told\n").expect("written");
    let host = Running::start(&mut command(&directory));
    assert!(host.get("/plain").starts_with("HTTP/1.1 200 "));
}
