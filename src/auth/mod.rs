//! Who calls, what they may do, and the way to the data that this opens.
//!
//! | file | what |
//! |---|---|
//! | `principal.rs` | [`Principal`] and [`Actor`]: who somebody is once the database has confirmed it |
//! | `policy.rs` | the one exhaustive table: role × action → reach |
//! | `permit.rs` | [`Permit`]: the handler's parameter that holds both the proof and the way to the data |
//! | `way.rs` | that way: who asks, read in the same call as the data, whatever the right and the work |
//! | `credential.rs` | what a request claims to be, checked without the database |
//! | `tokens.rs` | access tokens (EdDSA JWT), the public key set |
//! | `signatures.rs` | the one signature that tokens have, and no other |
//! | `keyring.rs` | the folder of signing keys, looked at again and again |
//! | `passwords.rs` | argon2id behind a semaphore |
//! | `guessable.rs` | passwords that are long and guessed soon (pure) |
//! | `totp.rs` | codes that change every 30 seconds (pure) |
//! | `sealing.rs` | values that only this service can read, by a key that is a file |
//! | `checkpoint_keys.rs` | the keys that sign checkpoints of the journal |
//! | `throttle.rs` | waits after failed log-ins that keep no owner out |
//! | `secrets.rs` | random secrets of which only the SHA-256 is stored |
//! | `reads.rs` | who read private data of whom, written before the answer goes out |
//! | `four_eyes.rs` | who can be the second of two people |
//! | `queries.rs` | the rows that turn a credential into a principal |

pub mod checkpoint_keys;
mod credential;
pub mod four_eyes;
mod guessable;
pub mod keyring;
pub mod passwords;
mod permit;
pub mod policy;
mod principal;
mod queries;
pub mod reads;
pub mod sealing;
pub mod secrets;
mod signatures;
pub mod throttle;
pub mod tokens;
pub mod totp;
mod way;

pub use credential::{Credential, caller_key};
pub use permit::{Acting, Permit, SecondFactorRule};
pub use policy::{Act, Reach, Scope};
pub use principal::{Actor, Principal, Role};
pub use way::{Glances, still_may};
