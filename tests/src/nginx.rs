//! A real nginx: the reverse proxy that asks before it lets a call through.

use std::{env, fs, process::Command};

use hyper::Method;

use crate::{client::Client, lines::Lines, process::Process, run_dir};

/// A server of the test's own, which ends with it.
pub struct Nginx {
    client: Client,
    _server: Process,
}

impl Nginx {
    /// Starts a server whose one `server` block holds `locations`.
    ///
    /// # Panics
    /// If nginx finds a fault in them.
    pub async fn start(locations: &str) -> Self {
        let port = crate::free_port();
        let home = run_dir().join(format!("nginx-{port}"));
        fs::create_dir_all(&home).unwrap();
        let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|kind| format!("{kind}_temp_path {kind};\n"))
            .concat();
        let configuration = format!(
            "daemon off; master_process off; pid nginx.pid; error_log stderr notice;\n\
             events {{}}\n\
             http {{\n access_log off;\n {temporary}\n\
             server {{\n listen 127.0.0.1:{port};\n {locations}\n }}\n }}\n"
        );
        fs::write(home.join("nginx.conf"), configuration).unwrap();

        let program = env::var_os("LATCH_NGINX").unwrap_or_else(|| "nginx".into());
        let mut command = Command::new(program);
        command.args(["-e", "stderr", "-c", "nginx.conf", "-p"]);
        let mut server = Process::spawn(command.arg(&home));
        let (_, stderr) = server.take_output();
        Lines::of(stderr)
            .find("nginx is ready", |lines| {
                // Said once it listens.
                let ready = |line: &String| line.contains("OS: ");
                lines.iter().any(ready).then_some(())
            })
            .await;
        Self {
            client: Client::new(&format!("http://127.0.0.1:{port}")),
            _server: server,
        }
    }

    /// The status of the answer to `GET path`.
    pub async fn status(&self, path: &str) -> u16 {
        let answer = self.client.send_unruled(Method::GET, path, &[], "");
        answer.await.status
    }
}
