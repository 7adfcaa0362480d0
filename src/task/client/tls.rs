//! Certificates: whom a client trusts, and who it says it is.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig as Tls, RootCertStore};

use super::super::KeyProblem;
use super::TlsConfig;

/// Reads the files that the config names. Without `https` the system's certificates are not looked for.
pub(super) fn config(config: &TlsConfig, https: bool) -> Result<Tls, Vec<KeyProblem>> {
    let roots = roots(config, https).map_err(|problem| vec![problem])?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = Tls::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring offers what the default versions need")
        .with_root_certificates(roots);
    let (Some(certificate), Some(key)) = (&config.certificate, &config.key) else {
        return Ok(builder.with_no_client_auth());
    };
    let chain = certificates("certificate", certificate).map_err(|problem| vec![problem])?;
    let key =
        PrivateKeyDer::from_pem_file(key).map_err(|error| vec![problem("key", key, &error)])?;
    builder
        .with_client_auth_cert(chain, key)
        .map_err(|error| vec![problem("certificate", certificate, &error)])
}

fn roots(config: &TlsConfig, https: bool) -> Result<RootCertStore, KeyProblem> {
    let mut roots = RootCertStore::empty();
    if let Some(path) = &config.ca {
        for certificate in certificates("ca", path)? {
            let added = roots.add(certificate);
            added.map_err(|error| problem("ca", path, &error))?;
        }
    }
    if https && config.system_roots {
        // Some systems have certificates that rustls does not read; the others are good.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    }
    if https && roots.is_empty() {
        let message =
            "no certificate authority is trusted: the system has none, and tls.ca names none";
        return Err(("tls".to_string(), message.to_string()));
    }
    Ok(roots)
}

fn certificates(key: &str, path: &Path) -> Result<Vec<CertificateDer<'static>>, KeyProblem> {
    let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect);
    let certificates: Vec<_> = read.map_err(|error| problem(key, path, &error))?;
    match certificates.is_empty() {
        true => Err(problem(key, path, &"there is no certificate in it")),
        false => Ok(certificates),
    }
}

fn problem(key: &str, path: &Path, what: &dyn std::fmt::Display) -> KeyProblem {
    (format!("tls/{key}"), format!("{}: {what}", path.display()))
}
