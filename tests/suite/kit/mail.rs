//! A mail server that takes everything.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::App;

/// What a test has of the server.
pub struct MailServer {
    /// Its address.
    pub url: String,
    /// Everything that it was told.
    pub heard: Arc<Mutex<String>>,
    mails: UnboundedReceiver<String>,
}

impl MailServer {
    /// The next mail, from its envelope to its last line; waits for it.
    pub async fn next(&mut self) -> String {
        let mail = tokio::time::timeout(Duration::from_secs(60), self.mails.recv()).await;
        let mail = mail.expect("a mail comes").expect("the server runs");
        // Long lines are folded by the transfer encoding.
        mail.replace("=\n", "")
    }

    /// True when no mail came that was not asked for.
    pub fn is_empty(&mut self) -> bool {
        self.mails.try_recv().is_err()
    }
}

/// Starts one.
pub fn mail_server() -> MailServer {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("smtp://{}", listener.local_addr().unwrap());
    let heard = Arc::new(Mutex::new(String::new()));
    let (taken, mails) = unbounded_channel();
    let told = heard.clone();
    std::thread::spawn(move || {
        for connection in listener.incoming() {
            let mut answer = connection.unwrap();
            let lines = BufReader::new(answer.try_clone().unwrap()).lines();
            let (mut in_mail, mut mail) = (false, String::new());
            answer.write_all(b"220 sample\r\n").unwrap();
            for line in lines {
                let Ok(line) = line else { break };
                told.lock().unwrap().push_str(&format!("{line}\n"));
                mail.push_str(&format!("{line}\n"));
                let reply: &[u8] = match line.as_str() {
                    "." => {
                        in_mail = false;
                        let _ = taken.send(std::mem::take(&mut mail));
                        b"250 taken\r\n"
                    }
                    _ if in_mail => b"",
                    "DATA" => {
                        in_mail = true;
                        b"354 go on\r\n"
                    }
                    "QUIT" => b"221 bye\r\n",
                    _ => b"250 ok\r\n",
                };
                if answer.write_all(reply).is_err() {
                    break;
                }
            }
        }
    });
    MailServer { url, heard, mails }
}

/// The application with this mail server.
pub async fn with_mail(app: &App, url: &str) -> App {
    let mailer = ots_registry::accounts::mail::Mailer::of(url, "registry@sample.example").unwrap();
    app.with(|parts| parts.mail = mailer).await
}
