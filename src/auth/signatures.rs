//! The one way in which access tokens are signed and checked: Ed25519 (RFC 8037), by the library that signs checkpoints too.
//!
//! `jsonwebtoken` leaves cryptography to a provider. Those that it brings know ten algorithms more, among them RSA with an open advisory;
//! whatever is not EdDSA has no code here that could take it (docs/decisions/0009-one-token-signature.md).

use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use jsonwebtoken::crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{Error, ErrorKind, Result};
use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey, EncodingKey};
use signature::{Signer, Verifier};

/// The provider for the whole process. Keys in the form of JWK are read and written by `tokens.rs`, so its help with them is not needed.
static ED25519: CryptoProvider = CryptoProvider {
    signer_factory: signer,
    verifier_factory: verifier,
    key_utils: KeyUtils::new_unimplemented(),
};

/// Makes it the process's own; keys are made by [`encoding`] and [`decoding`] alone, which call this, so that none is used before.
fn install() {
    // Who comes second finds what the first installed: this same provider, as there is no other.
    let _ = ED25519.install_default();
}

/// The key in the form in which `jsonwebtoken` hands it to [`signer`]: its seed.
pub(super) fn encoding(key: &SigningKey) -> EncodingKey {
    install();
    EncodingKey::from_ed_der(key.as_bytes())
}

/// The key in the form in which `jsonwebtoken` hands it to [`verifier`]: its 32 bytes.
pub(super) fn decoding(key: &VerifyingKey) -> DecodingKey {
    install();
    DecodingKey::from_ed_der(key.as_bytes())
}

fn signer(algorithm: &Algorithm, key: &EncodingKey) -> Result<Box<dyn JwtSigner>> {
    let seed = is_ed25519(*algorithm, key.family(), key.as_bytes())?;
    Ok(Box::new(Signs(SigningKey::from_bytes(seed))))
}

fn verifier(algorithm: &Algorithm, key: &DecodingKey) -> Result<Box<dyn JwtVerifier>> {
    let public = is_ed25519(*algorithm, key.family(), key.try_get_as_bytes()?)?;
    let key = VerifyingKey::from_bytes(public).map_err(|_| unusable())?;
    Ok(Box::new(Verifies(key)))
}

fn is_ed25519(algorithm: Algorithm, family: AlgorithmFamily, key: &[u8]) -> Result<&[u8; 32]> {
    if algorithm != Algorithm::EdDSA || family != AlgorithmFamily::Ed {
        return Err(ErrorKind::InvalidAlgorithm.into());
    }
    key.try_into().map_err(|_| unusable())
}

fn unusable() -> Error {
    ErrorKind::InvalidEddsaKey.into()
}

struct Signs(SigningKey);

impl Signer<Vec<u8>> for Signs {
    fn try_sign(&self, message: &[u8]) -> std::result::Result<Vec<u8>, signature::Error> {
        Ok(self.0.sign(message).to_vec())
    }
}

impl JwtSigner for Signs {
    fn algorithm(&self) -> Algorithm {
        Algorithm::EdDSA
    }
}

struct Verifies(VerifyingKey);

impl Verifier<Vec<u8>> for Verifies {
    /// Strictly (RFC 8032, 5.1.7, without keys and points of small order): of one message and key there is one signature.
    fn verify(
        &self,
        message: &[u8],
        signature: &Vec<u8>,
    ) -> std::result::Result<(), signature::Error> {
        let signature = Signature::from_slice(signature).map_err(|_| signature::Error::new())?;
        self.0
            .verify_strict(message, &signature)
            .map_err(|_| signature::Error::new())
    }
}

impl JwtVerifier for Verifies {
    fn algorithm(&self) -> Algorithm {
        Algorithm::EdDSA
    }
}

#[cfg(test)]
mod tests {
    use data_encoding::HEXLOWER;
    use ed25519_dalek::SigningKey;
    use jsonwebtoken::crypto::{sign, verify};
    use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey};

    use super::{decoding, encoding};

    fn key(hex: &str) -> SigningKey {
        let seed: [u8; 32] = HEXLOWER.decode(hex.as_bytes()).unwrap().try_into().unwrap();
        SigningKey::from_bytes(&seed)
    }

    /// The example of RFC 8037, A.1 and A.4.
    #[test]
    fn signs_as_the_standard_says() {
        let key = key("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60");
        let message = b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
        let signed = sign(message, &encoding(&key), Algorithm::EdDSA).unwrap();
        let expected = "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
        assert_eq!(signed, expected);
        let public = decoding(&key.verifying_key());
        assert!(verify(&signed, message, &public, Algorithm::EdDSA).unwrap());
        assert!(!verify(&signed, b"another message", &public, Algorithm::EdDSA).unwrap());
        let shortened = signed.get(..80).unwrap();
        assert!(!verify(shortened, message, &public, Algorithm::EdDSA).unwrap());
    }

    #[test]
    fn knows_no_other_algorithm_and_no_other_kind_of_key() {
        let key = key("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60");
        let (own, public) = (encoding(&key), decoding(&key.verifying_key()));
        for other in [Algorithm::HS256, Algorithm::RS256, Algorithm::ES256] {
            assert!(sign(b"m", &own, other).is_err(), "{other:?}");
            assert!(verify("", b"m", &public, other).is_err(), "{other:?}");
        }
        let secret = EncodingKey::from_secret(key.as_bytes());
        assert!(sign(b"m", &secret, Algorithm::EdDSA).is_err());
        let secret = DecodingKey::from_secret(key.verifying_key().as_bytes());
        assert!(verify("", b"m", &secret, Algorithm::EdDSA).is_err());
        let long = EncodingKey::from_ed_der(&[0; 48]);
        assert!(sign(b"m", &long, Algorithm::EdDSA).is_err());
    }

    /// The identity as public key and `R`, zero as `s`: what fits any message where points of small order are taken.
    #[test]
    fn a_point_of_small_order_signs_nothing() {
        let mut identity = [0u8; 32];
        identity[0] = 1;
        encoding(&SigningKey::from_bytes(&identity));
        let mut forged = [0u8; 64];
        forged[0] = 1;
        let forged = data_encoding::BASE64URL_NOPAD.encode(&forged);
        let weak = DecodingKey::from_ed_der(&identity);
        assert_eq!(
            verify(&forged, b"any", &weak, Algorithm::EdDSA).ok(),
            Some(false)
        );
    }
}
