//! The one guarded client for requests that the registry itself sends.
//!
//! https only, no redirects, no proxy from the environment, 5 s to connect and 10 s in all, little of the answer kept. Addresses are
//! filtered after the name was resolved and are those that are connected to: a name that leads into a private network, to this
//! machine or, by whatever detour of IPv6, back to either, is refused.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};

/// How long connecting may take.
const CONNECT: Duration = Duration::from_secs(5);
/// How long all of it may take.
const WHOLE: Duration = Duration::from_secs(10);
/// So much of an answer is read.
const KEPT: u64 = 16 * 1024;

/// The client, cheap to clone. Its calls block: they belong on a thread that may wait.
#[derive(Clone, Debug)]
pub struct Outgoing {
    agent: ureq::Agent,
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// HTTP status; a redirect is one like others.
    pub status: u16,
    /// The beginning of the body.
    pub body: String,
}

impl Outgoing {
    /// A client; with `loopback` it also reaches this machine, without TLS: for trying things out and for tests.
    pub fn new(loopback: bool) -> Self {
        let config = Config::builder()
            .https_only(!loopback)
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(None)
            .timeout_connect(Some(CONNECT))
            .timeout_global(Some(WHOLE))
            .max_response_header_size(KEPT as usize)
            .user_agent(concat!("ots-registry/", env!("CARGO_PKG_VERSION")))
            .build();
        let guard = Guard {
            loopback,
            resolver: DefaultResolver::default(),
        };
        Self {
            agent: ureq::Agent::with_parts(config, DefaultConnector::default(), guard),
        }
    }

    /// Posts a text.
    ///
    /// # Errors
    ///
    /// What went wrong, without what was sent.
    pub fn post(&self, url: &str, body: &str) -> Result<Reply, String> {
        let mut response = self
            .agent
            .post(url)
            .content_type("text/plain")
            .send(body)
            .map_err(|e| e.to_string())?;
        let status = response.status().as_u16();
        let body = response
            .body_mut()
            .with_config()
            .limit(KEPT)
            .read_to_vec()
            .map_err(|e| e.to_string())?;
        Ok(Reply {
            status,
            body: String::from_utf8_lossy(&body).into_owned(),
        })
    }
}

/// Lets through only addresses of the public network.
#[derive(Debug)]
struct Guard {
    loopback: bool,
    resolver: DefaultResolver,
}

impl Resolver for Guard {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let found = self.resolver.resolve(uri, config, timeout)?;
        let plain = uri.scheme_str() != Some("https");
        let mut allowed = self.empty();
        for address in found.iter().copied() {
            if self.allows(address, plain) {
                allowed.push(address);
            }
        }
        if allowed.is_empty() {
            let text = "the address is not one of the public network";
            return Err(ureq::Error::Io(std::io::Error::other(text)));
        }
        Ok(allowed)
    }
}

impl Guard {
    fn allows(&self, address: SocketAddr, plain: bool) -> bool {
        let ip = address.ip();
        if ip.is_loopback() {
            return self.loopback;
        }
        !plain && is_public(ip)
    }
}

/// Whether an address belongs to the public network and leads nowhere else.
fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => is_public_v6(ip),
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let refused = match ip.octets() {
        [0 | 10 | 127, ..] | [169, 254, ..] | [192, 168, ..] => true,
        // Private, shared by carriers, protocol assignments, documentation, 6to4 relays, benchmarks.
        [172, b, ..] => (16..32).contains(&b),
        [100, b, ..] => (64..128).contains(&b),
        [192, 0, 0 | 2, _] | [192, 88, 99, _] | [198, 18 | 19, ..] => true,
        [198, 51, 100, _] | [203, 0, 113, _] => true,
        // Multicast and reserved.
        [a, ..] => a >= 224,
    };
    !refused
}

fn is_public_v6(ip: Ipv6Addr) -> bool {
    // Everything that is global begins with 2 or 3; so mapped, compatible, translated (NAT64), local and multicast ones are out.
    let [a, b, ..] = ip.segments();
    let global = a & 0xe000 == 0x2000;
    // 6to4 and Teredo hold an IPv4 address; 2001::/23 are protocol assignments; two blocks are for documentation.
    let detour = a == 0x2002 || (a == 0x2001 && b < 0x0200);
    let documentation = (a == 0x2001 && b == 0x0db8) || (a & 0xfff0 == 0x3ff0);
    global && !detour && !documentation
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;

    use super::{Outgoing, is_public};

    #[test]
    fn only_public_addresses_are_connected_to() {
        for private in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "192.0.0.170",
            "192.0.2.1",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::1",
            "::",
            "fe80::1",
            "fc00::1",
            "fd12::1",
            "ff02::1",
            "::ffff:10.0.0.1",
            "::ffff:127.0.0.1",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b:1::1",
            "2002:7f00:1::1",
            "2001:0:1::1",
            "2001:db8::1",
            "3fff::1",
        ] {
            assert!(!is_public(private.parse().unwrap()), "{private}");
        }
        for public in [
            "9.9.9.9",
            "172.32.0.1",
            "100.128.0.1",
            "192.0.1.1",
            "2620:fe::fe",
            "2a00:1450::1",
        ] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
    }

    fn listener(answer: &'static str) -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut request = [0; 4096];
                let _ = stream.read(&mut request);
                let _ = stream.write_all(answer.as_bytes());
            }
        });
        port
    }

    #[test]
    fn this_machine_and_plain_http_are_out_of_reach_unless_it_is_said() {
        let port = listener("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
        let guarded = Outgoing::new(false);
        for url in [
            format!("http://127.0.0.1:{port}/"),
            format!("https://127.0.0.1:{port}/"),
            format!("https://localhost:{port}/"),
            format!("https://[::ffff:127.0.0.1]:{port}/"),
            "http://registry.example/".to_owned(),
        ] {
            assert!(guarded.post(&url, "").is_err(), "{url}");
        }
        let error = guarded
            .post(&format!("https://localhost:{port}/"), "")
            .unwrap_err();
        assert!(error.contains("not one of the public network"), "{error}");
        let open = Outgoing::new(true);
        assert_eq!(
            open.post(&format!("http://127.0.0.1:{port}/"), "x")
                .unwrap()
                .body,
            "ok"
        );
        assert!(open.post("http://10.0.0.1/", "").is_err());
    }

    #[test]
    fn a_redirect_is_not_followed_and_a_long_answer_not_kept() {
        let port = listener(
            "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        );
        let open = Outgoing::new(true);
        let reply = open.post(&format!("http://127.0.0.1:{port}/"), "").unwrap();
        assert_eq!(reply.status, 302);
        let long = "HTTP/1.1 200 OK\r\nContent-Length: 20000\r\nConnection: close\r\n\r\n"
            .to_owned()
            + &"x".repeat(20_000);
        let port = listener(long.leak());
        assert!(open.post(&format!("http://127.0.0.1:{port}/"), "").is_err());
    }
}
