//! The public surface: the addresses that anybody may read, by a script in the browser of another site too (CORS).
//!
//! Log-in, one-time links and what only accounts see are none of it, though no script could send their tokens across.

/// Patterns of its addresses, in which `{…}` stands for one segment.
const ADDRESSES: [&str; 16] = [
    "/",
    "/.well-known/jwks.json",
    "/openapi.json",
    "/organisations/{number}",
    "/problems/{code}",
    "/search",
    "/v1/countries",
    "/v1/countries/{code}",
    "/v1/identifiers/check",
    "/v1/journal/checkpoint",
    "/v1/journal/checkpoint-keys",
    "/v1/match",
    "/v1/match/compare",
    "/v1/organisations",
    "/v1/organisations/{number}",
    "/v1/suggest",
];

/// True for an address of the public surface.
pub fn is_public(path: &str) -> bool {
    ADDRESSES.iter().any(|pattern| is_of(path, pattern))
}

/// True where a path is one of a pattern, in which `{…}` stands for one segment.
pub fn is_of(path: &str, pattern: &str) -> bool {
    let mut segments = path.split('/');
    let same = pattern.split('/').all(|wanted| {
        let given = segments.next();
        given.is_some_and(|given| match wanted.starts_with('{') {
            true => !given.is_empty(),
            false => given == wanted,
        })
    });
    same && segments.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::is_of;

    #[test]
    fn a_segment_in_braces_stands_for_one_segment() {
        assert!(is_of("/a/1/b", "/a/{x}/b"));
        for other in ["/a//b", "/a/1", "/a/1/b/", "/a/1/2/b", "/a/1/c", "a/1/b"] {
            assert!(!is_of(other, "/a/{x}/b"), "{other}");
        }
    }
}
