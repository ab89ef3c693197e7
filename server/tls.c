/* SPDX-License-Identifier: Apache-2.0 */
/* tls: see tls.h. */
#include "tls.h"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <sodium.h>

#include "os/os.h"

#define KEY_FILE         "tls-key.pem"
#define CERTIFICATE_FILE "tls-cert.pem"
#define VALID_S          (10L * 365 * 86400)
#define RENEW_BEFORE_S   (30L * 86400)

AUTO_PTR(EVP_PKEY_free, EVP_PKEY);
AUTO_PTR(X509_free, X509);
AUTO_PTR(BIO_free_all, BIO);

void
tls_clear(struct tls *t)
{
	if (t->key_pem.p)
		sodium_memzero(t->key_pem.p, t->key_pem.n);
	buf_clear(&t->key_pem);
	buf_clear(&t->certificate_pem);
}

void
tls_pin_text(char out[static TLS_PIN_TEXT_BYTES], const uint8_t pin[static TLS_PIN_BYTES])
{
	sodium_bin2base64(out, TLS_PIN_TEXT_BYTES, pin, TLS_PIN_BYTES,
			  sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

static int
failed(struct err *err, const char *what)
{
	return err_set(err, ERR_INTERNAL, "cannot make %s", what);
}

static EVP_PKEY *
parse_key(const struct buf *pem)
{
	AUTO(BIO_free_all) BIO *in = BIO_new_mem_buf(pem->p, (int)pem->n);

	return in ? PEM_read_bio_PrivateKey(in, NULL, NULL, NULL) : NULL;
}

static X509 *
parse_certificate(const struct buf *pem)
{
	AUTO(BIO_free_all) BIO *in = BIO_new_mem_buf(pem->p, (int)pem->n);

	return in ? PEM_read_bio_X509(in, NULL, NULL, NULL) : NULL;
}

static int
append_bio(struct buf *out, BIO *from, struct err *err)
{
	char *p;
	long n = BIO_get_mem_data(from, &p);

	return buf_append(out, span_of(p, (size_t)n), err);
}

/* SHA-256 of the key's SubjectPublicKeyInfo. */
static int
note_pin(struct tls *t, EVP_PKEY *key, struct err *err)
{
	unsigned char *spki = NULL;
	int n = i2d_PUBKEY(key, &spki);
	int ok = n > 0 && EVP_Digest(spki, (size_t)n, t->pin, NULL, EVP_sha256(), NULL);

	OPENSSL_free(spki);
	return ok ? 0 : failed(err, "the pin of the TLS key");
}

static int
make_key(struct buf *pem, struct err *err)
{
	AUTO(EVP_PKEY_free) EVP_PKEY *key = EVP_EC_gen("P-256");
	AUTO(BIO_free_all) BIO *out = BIO_new(BIO_s_secmem());

	if (!key || !out || !PEM_write_bio_PrivateKey(out, key, NULL, NULL, 0, NULL, NULL))
		return failed(err, "a TLS key");
	return append_bio(pem, out, err);
}

static bool
add_extension(X509 *cert, int nid, const char *value)
{
	X509V3_CTX ctx;

	X509V3_set_ctx_nodb(&ctx);
	X509V3_set_ctx(&ctx, cert, cert, NULL, NULL, 0);
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	bool ok = e && X509_add_ext(cert, e, -1);
	X509_EXTENSION_free(e);
	return ok;
}

static bool
fill_certificate(X509 *cert, EVP_PKEY *key)
{
	uint64_t serial;
	X509_NAME *name = X509_get_subject_name(cert);

	os_random(&serial, sizeof serial);
	return X509_set_version(cert, X509_VERSION_3) &&
	       ASN1_INTEGER_set_uint64(X509_get_serialNumber(cert), serial >> 1) &&
	       X509_gmtime_adj(X509_getm_notBefore(cert), -86400) &&
	       X509_gmtime_adj(X509_getm_notAfter(cert), VALID_S) &&
	       X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
					  (const unsigned char *)"cloudboxd", -1, -1, 0) &&
	       X509_set_issuer_name(cert, name) && X509_set_pubkey(cert, key) &&
	       add_extension(cert, NID_subject_alt_name,
			     "DNS:cloudboxd,DNS:localhost,IP:127.0.0.1,IP:::1") &&
	       add_extension(cert, NID_ext_key_usage, "serverAuth") &&
	       X509_sign(cert, key, EVP_sha256());
}

static int
make_certificate(struct buf *pem, EVP_PKEY *key, struct err *err)
{
	AUTO(X509_free) X509 *cert = X509_new();
	AUTO(BIO_free_all) BIO *out = BIO_new(BIO_s_mem());

	if (!cert || !out || !fill_certificate(cert, key) || !PEM_write_bio_X509(out, cert))
		return failed(err, "a TLS certificate");
	return append_bio(pem, out, err);
}

/* Whether the certificate is of this key and still good for a while. */
static bool
still_good(const struct buf *pem, EVP_PKEY *key)
{
	AUTO(X509_free) X509 *cert = parse_certificate(pem);
	time_t then = (time_t)(os->now_unix_ms() / 1000) + RENEW_BEFORE_S;

	return cert && X509_check_private_key(cert, key) == 1 &&
	       X509_cmp_time(X509_get0_notAfter(cert), &then) > 0;
}

/* The file, or, where there is none, nothing. */
static int
read_if_there(int data_fd, const char *name, struct buf *out, struct err *err)
{
	int rc = os_read_file(data_fd, name, out, err);

	return rc < 0 && err->code == ERR_NOT_FOUND ? 0 : rc;
}

int
tls_own(struct tls *t, int data_fd, struct err *err)
{
	t->key_pem.max = t->certificate_pem.max = TLS_PEM_MAX;
	if (read_if_there(data_fd, KEY_FILE, &t->key_pem, err) < 0 ||
	    read_if_there(data_fd, CERTIFICATE_FILE, &t->certificate_pem, err) < 0)
		return -1;
	if (!t->key_pem.n &&
	    (make_key(&t->key_pem, err) < 0 ||
	     os_replace_file(data_fd, KEY_FILE, buf_span(&t->key_pem), 0600, err) < 0))
		return -1;
	AUTO(EVP_PKEY_free) EVP_PKEY *key = parse_key(&t->key_pem);
	if (!key)
		return err_set(err, ERR_FORMAT, "%s holds no key", KEY_FILE);
	if (!still_good(&t->certificate_pem, key)) {
		buf_reset(&t->certificate_pem);
		if (make_certificate(&t->certificate_pem, key, err) < 0 ||
		    os_replace_file(data_fd, CERTIFICATE_FILE, buf_span(&t->certificate_pem), 0644,
				    err) < 0)
			return -1;
	}
	return note_pin(t, key, err);
}

int
tls_given(struct tls *t, const char *key_path, const char *certificate_path, struct err *err)
{
	t->key_pem.max = t->certificate_pem.max = TLS_PEM_MAX;
	if (os_read_file(AT_FDCWD, key_path, &t->key_pem, err) < 0 ||
	    os_read_file(AT_FDCWD, certificate_path, &t->certificate_pem, err) < 0)
		return -1;
	AUTO(EVP_PKEY_free) EVP_PKEY *key = parse_key(&t->key_pem);
	AUTO(X509_free) X509 *cert = parse_certificate(&t->certificate_pem);
	if (!key)
		return err_set(err, ERR_FORMAT, "%s holds no key", key_path);
	if (!cert)
		return err_set(err, ERR_FORMAT, "%s holds no certificate", certificate_path);
	if (X509_check_private_key(cert, key) != 1)
		return err_set(err, ERR_FORMAT, "the certificate is not of this key");
	return note_pin(t, key, err);
}
