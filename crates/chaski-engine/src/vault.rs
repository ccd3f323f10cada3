//! Secrets at rest: a key file outside the database wraps one data key for each workspace, which
//! encrypts that workspace's credentials.
//!
//! Every ciphertext is bound to its workspace, table, row and field, so that it cannot be moved.

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use chaski_channels::Secrets;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

const NONCE: usize = 24;

/// Why a secret cannot be opened or the key cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// The key file cannot be read or made.
    #[error("the key file {path}: {cause}")]
    KeyFile {
        /// Which file.
        path: String,
        /// Why.
        cause: String,
    },
    /// The ciphertext does not belong to this key or place.
    #[error("a secret cannot be opened: the key file is not the one that it was sealed with")]
    WrongKey,
}

/// The key that wraps data keys.
pub struct Vault {
    master: XChaCha20Poly1305,
    /// For signatures of our own, made from the key file.
    signer: Hmac<Sha256>,
}

/// One workspace's data key, opened.
#[derive(Clone)]
pub struct DataKey(XChaCha20Poly1305);

/// Random bytes from the system.
pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the system gives random bytes");
    bytes
}

impl Vault {
    /// Reads the key file, or makes it (readable by its owner only) when it does not exist.
    ///
    /// # Errors
    /// The file cannot be read, made, or holds no key.
    pub fn open(path: &Path) -> Result<Self, VaultError> {
        let fail = |cause: String| VaultError::KeyFile { path: path.display().to_string(), cause };
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                make_key(path).map_err(|e| fail(e.to_string()))?
            }
            Err(error) => return Err(fail(error.to_string())),
        };
        let key =
            hex::decode(text.trim()).map_err(|_| fail("it holds no key (64 hexadecimal digits)".into()))?;
        let master = XChaCha20Poly1305::new_from_slice(&key)
            .map_err(|_| fail("its key has the wrong length".into()))?;
        let mut derived = hmac(&key);
        derived.update(b"chaski links");
        let signer = hmac(&derived.finalize().into_bytes());
        Ok(Self { master, signer })
    }

    /// A signature of a text, which every node with the same key file knows as its own.
    pub fn sign(&self, text: &str) -> String {
        let mut signer = self.signer.clone();
        signer.update(text.as_bytes());
        hex::encode(signer.finalize().into_bytes())
    }

    /// Whether a signature is of this text and ours; takes as long for every wrong one.
    pub fn is_signed(&self, text: &str, signature: &str) -> bool {
        let Ok(given) = hex::decode(signature) else { return false };
        let mut signer = self.signer.clone();
        signer.update(text.as_bytes());
        signer.verify_slice(&given).is_ok()
    }

    /// A new data key, wrapped for storage.
    pub fn new_data_key(&self) -> Vec<u8> {
        seal(&self.master, b"data key", &random::<32>())
    }

    /// Opens a wrapped data key.
    ///
    /// # Errors
    /// It was wrapped with another key file.
    pub fn data_key(&self, wrapped: &[u8]) -> Result<DataKey, VaultError> {
        let key = unseal(&self.master, b"data key", wrapped)?;
        XChaCha20Poly1305::new_from_slice(&key).map(DataKey).map_err(|_| VaultError::WrongKey)
    }
}

fn hmac(key: &[u8]) -> Hmac<Sha256> {
    <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(key).expect("a key of any length")
}

fn make_key(path: &Path) -> std::io::Result<String> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let text = hex::encode(random::<32>());
    let mut file = options.open(path)?;
    writeln!(file, "{text}")?;
    file.sync_all()?;
    Ok(text)
}

impl DataKey {
    /// Encrypts a text for one place: `table/row/field`.
    pub fn seal(&self, place: &str, text: &str) -> Vec<u8> {
        seal(&self.0, place.as_bytes(), text.as_bytes())
    }

    /// Decrypts a text of one place.
    ///
    /// # Errors
    /// It was sealed with another key or for another place.
    pub fn open(&self, place: &str, sealed: &[u8]) -> Result<String, VaultError> {
        String::from_utf8(unseal(&self.0, place.as_bytes(), sealed)?).map_err(|_| VaultError::WrongKey)
    }

    /// Encrypts a set of secrets.
    pub fn seal_secrets(&self, place: &str, secrets: &BTreeMap<String, String>) -> Vec<u8> {
        self.seal(place, &serde_json::to_string(secrets).expect("texts are plain data"))
    }

    /// Decrypts a set of secrets.
    ///
    /// # Errors
    /// As [`DataKey::open`].
    pub fn open_secrets(&self, place: &str, sealed: &[u8]) -> Result<Secrets, VaultError> {
        serde_json::from_str(&self.open(place, sealed)?).map(Secrets).map_err(|_| VaultError::WrongKey)
    }
}

fn seal(cipher: &XChaCha20Poly1305, aad: &[u8], msg: &[u8]) -> Vec<u8> {
    let nonce = random::<NONCE>();
    let sealed = cipher.encrypt(&XNonce::from(nonce), Payload { msg, aad }).expect("memory holds a secret");
    [nonce.as_slice(), &sealed].concat()
}

fn unseal(cipher: &XChaCha20Poly1305, aad: &[u8], sealed: &[u8]) -> Result<Vec<u8>, VaultError> {
    let (nonce, msg) = sealed.split_at_checked(NONCE).ok_or(VaultError::WrongKey)?;
    let nonce: [u8; NONCE] = nonce.try_into().map_err(|_| VaultError::WrongKey)?;
    cipher.decrypt(&XNonce::from(nonce), Payload { msg, aad }).map_err(|_| VaultError::WrongKey)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vault(name: &str) -> (std::path::PathBuf, Vault) {
        let path = std::env::temp_dir()
            .join(format!("chaski-vault-{name}-{}", std::process::id()))
            .join("secret.key");
        let _ = std::fs::remove_file(&path);
        let vault = Vault::open(&path).unwrap();
        (path, vault)
    }

    #[test]
    fn a_secret_opens_only_in_its_own_place_and_with_its_own_key() {
        let (path, first) = vault("place");
        let wrapped = first.new_data_key();
        let key = Vault::open(&path).unwrap().data_key(&wrapped).unwrap();
        let sealed = key.seal("1/channels/7/secrets", "EAAB");
        assert_eq!(key.open("1/channels/7/secrets", &sealed).unwrap(), "EAAB");
        assert!(key.open("1/channels/8/secrets", &sealed).is_err());
        let (_, other) = vault("other");
        assert!(other.data_key(&wrapped).is_err());
        assert!(!sealed.windows(4).any(|bytes| bytes == b"EAAB"));
    }

    #[test]
    fn a_signature_is_of_one_text_and_one_key_file() {
        let (path, first) = vault("sign");
        let signature = first.sign("1-7\n99");
        assert!(Vault::open(&path).unwrap().is_signed("1-7\n99", &signature), "another node's is the same");
        assert!(!first.is_signed("1-8\n99", &signature));
        assert!(!vault("sign-other").1.is_signed("1-7\n99", &signature));
        for wrong in ["", "zz", &signature[..10], &signature.replace(|c: char| c.is_ascii_digit(), "0")] {
            assert!(!first.is_signed("1-7\n99", wrong), "{wrong}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn the_key_file_is_for_its_owner_alone() {
        use std::os::unix::fs::PermissionsExt;
        let (path, _) = vault("mode");
        assert_eq!(std::fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
    }
}
