//! TLS 1.2 and 1.3 with a certificate and key from files, which can be
//! exchanged while connections are open.
//!
//! A new certificate serves new connections; one that cannot be used leaves
//! the old one in force. Keys appear in no error and no log.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::version::{TLS12, TLS13};
use secrecy::zeroize::Zeroizing;
use sha2::{Digest, Sha256};
use tokio_rustls::TlsAcceptor;

/// Why there is no TLS. None of it holds a part of the key.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("{}: {source}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// There is no certificate in the file.
    #[error("{}: holds no certificate in PEM (-----BEGIN CERTIFICATE-----)", .path.display())]
    NoCertificate {
        /// The file.
        path: PathBuf,
    },
    /// There is no key in the file.
    #[error("{}: holds no private key in PEM without a passphrase", .path.display())]
    NoKey {
        /// The file.
        path: PathBuf,
    },
    /// They cannot be used together.
    #[error(
        "{} and {}: {reason}", .certificate.display(), .key.display()
    )]
    Pair {
        /// The certificate's file.
        certificate: PathBuf,
        /// The key's file.
        key: PathBuf,
        /// What is wrong.
        reason: String,
    },
}

/// TLS with the certificate and the key of two files; cheap to clone.
#[derive(Clone)]
pub struct Tls {
    config: Arc<ServerConfig>,
    held: Arc<Held>,
}

struct Held {
    certificate_file: PathBuf,
    key_file: PathBuf,
    /// The pair in force, and the hash of what the files held then.
    pair: RwLock<(Arc<CertifiedKey>, [u8; 32])>,
}

impl Tls {
    /// Reads the certificate chain, the server's own first, and its key, both
    /// in PEM.
    ///
    /// # Errors
    /// What is wrong with a file, or with the pair.
    pub fn of_files(certificate: &Path, key: &Path) -> Result<Tls, TlsError> {
        let pair = RwLock::new(read(certificate, key)?);
        let held = Arc::new(Held {
            certificate_file: certificate.to_owned(),
            key_file: key.to_owned(),
            pair,
        });
        let provider = Arc::new(aws_lc_rs::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&TLS13, &TLS12])
            .expect("the provider has suites for both versions")
            .with_no_client_auth()
            .with_cert_resolver(held.clone());
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Tls { config: Arc::new(config), held })
    }

    /// Reads the files again; new connections get what is in them now. Gives
    /// whether they had changed.
    ///
    /// # Errors
    /// What is wrong with a file, or with the pair; what was read before stays
    /// in force.
    pub fn reload(&self) -> Result<bool, TlsError> {
        let read = read(&self.held.certificate_file, &self.held.key_file)?;
        let mut pair = self.held.pair.write().unwrap_or_else(PoisonError::into_inner);
        let changed = pair.1 != read.1;
        if changed {
            *pair = read;
        }
        Ok(changed)
    }

    pub(super) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(Arc::clone(&self.config))
    }
}

impl ResolvesServerCert for Held {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let pair = self.pair.read().unwrap_or_else(PoisonError::into_inner);
        Some(Arc::clone(&pair.0))
    }
}

impl fmt::Debug for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "certificate of {}", self.certificate_file.display())
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tls({:?})", self.held)
    }
}

fn read(certificate: &Path, key: &Path) -> Result<(Arc<CertifiedKey>, [u8; 32]), TlsError> {
    let bytes = |path: &Path| {
        let read = fs::read(path).map(Zeroizing::new);
        read.map_err(|source| TlsError::File { path: path.to_owned(), source })
    };
    let (certificate_pem, key_pem) = (bytes(certificate)?, bytes(key)?);
    let no_certificate = || TlsError::NoCertificate { path: certificate.to_owned() };
    let chain = CertificateDer::pem_slice_iter(&certificate_pem)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|_| no_certificate())?;
    if chain.is_empty() {
        return Err(no_certificate());
    }
    let private = PrivateKeyDer::from_pem_slice(&key_pem)
        .map_err(|_| TlsError::NoKey { path: key.to_owned() })?;
    let pair = CertifiedKey::from_der(chain, private, &aws_lc_rs::default_provider());
    let pair = pair.map_err(|error| TlsError::Pair {
        certificate: certificate.to_owned(),
        key: key.to_owned(),
        reason: error.to_string(),
    })?;
    let hash = Sha256::new().chain_update(&*certificate_pem).chain_update(&*key_pem).finalize();
    Ok((Arc::new(pair), hash.into()))
}
