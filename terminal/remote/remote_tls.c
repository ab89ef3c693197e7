/* SPDX-License-Identifier: Apache-2.0 */
/* remote_tls: whose key the server has: pinned, vouched for by a CA, or to be asked about. */
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <sodium.h>
#include <stdio.h>

#include "remote/remote_internal.h"

#define PIN_OPTION_BYTES (8 + 44 + 1) /* "sha256//", base64, NUL */

static void
easy_free(CURL *c)
{
	libcurl.easy_cleanup(c);
}
AUTO_PTR(easy_free, CURL);

static void
bio_free(BIO *b)
{
	BIO_free(b);
}
AUTO_PTR(bio_free, BIO);

static void
x509_free(X509 *x)
{
	X509_free(x);
}
AUTO_PTR(x509_free, X509);

static void
der_free(unsigned char *p)
{
	OPENSSL_free(p);
}
AUTO_PTR(der_free, unsigned char);

/* SHA-256 of the DER of the certificate's SubjectPublicKeyInfo, as in RFC 7469. */
static bool
spki_of_pem(const char *pem, uint8_t spki[static REMOTE_PIN_BYTES])
{
	AUTO(bio_free) BIO *in = BIO_new_mem_buf(pem, -1);
	AUTO(x509_free) X509 *x = in ? PEM_read_bio_X509(in, NULL, NULL, NULL) : NULL;
	AUTO(der_free) unsigned char *der = NULL;
	unsigned hash_bytes = REMOTE_PIN_BYTES;
	int n = x ? i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x), &der) : -1;

	return n > 0 && EVP_Digest(der, (size_t)n, spki, &hash_bytes, EVP_sha256(), NULL) == 1;
}

bool
remote_tls_key(CURL *curl, uint8_t spki[static REMOTE_PIN_BYTES])
{
	struct curl_certinfo *chain = NULL;

	if (libcurl.easy_getinfo(curl, CURLINFO_CERTINFO, &chain) || !chain ||
	    chain->num_of_certs < 1)
		return false;
	for (struct curl_slist *l = chain->certinfo[0]; l; l = l->next)
		if (strncmp(l->data, "Cert:", 5) == 0)
			return spki_of_pem(l->data + 5, spki);
	return false;
}

int
remote_tls_set(CURL *c, const struct remote *r, struct err *err)
{
	bool verify = !r->url.pinned;
	CURLcode bad = CURLE_OK;

	if (!r->url.tls)
		return 0;
	if (r->url.pinned) {
		char pin[PIN_OPTION_BYTES] = "sha256//";

		sodium_bin2base64(pin + 8, sizeof pin - 8, r->url.pin, sizeof r->url.pin,
				  sodium_base64_VARIANT_ORIGINAL);
		bad |= libcurl.easy_setopt(c, CURLOPT_PINNEDPUBLICKEY, pin);
	} else {
		bad |= libcurl.easy_setopt(c, CURLOPT_CERTINFO, 1L);
		if (r->ca_file)
			bad |= libcurl.easy_setopt(c, CURLOPT_CAINFO, r->ca_file);
	}
	bad |= libcurl.easy_setopt(c, CURLOPT_SSL_VERIFYPEER, verify ? 1L : 0L);
	bad |= libcurl.easy_setopt(c, CURLOPT_SSL_VERIFYHOST, verify ? 2L : 0L);
	bad |= libcurl.easy_setopt(c, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	if (bad)
		return err_set(err, ERR_INTERNAL, "libcurl lacks what Cloudbox needs of TLS");
	return 0;
}

/* A connection of its own, without a request: all that the server learns is that somebody came. */
static CURLcode
look(const struct remote *r, bool verify, uint8_t spki[static REMOTE_PIN_BYTES], bool *got,
     struct err *err)
{
	AUTO(easy_free) CURL *c = libcurl.easy_init();
	CURLcode code;

	*got = false;
	if (!c || remote_tls_set(c, r, err) < 0)
		return CURLE_OUT_OF_MEMORY;
	libcurl.easy_setopt(c, CURLOPT_URL, r->base);
	libcurl.easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	libcurl.easy_setopt(c, CURLOPT_CONNECT_ONLY, 1L);
	libcurl.easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, (long)r->options.connect_ms);
	if (!verify) {
		libcurl.easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 0L);
		libcurl.easy_setopt(c, CURLOPT_SSL_VERIFYHOST, 0L);
	}
	code = libcurl.easy_perform(c);
	if (code == CURLE_OK)
		*got = remote_tls_key(c, spki);
	return code;
}

int
remote_see(struct remote *r, uint8_t spki[static REMOTE_PIN_BYTES], struct err *err)
{
	CURLcode code;
	bool got;

	if (!r->url.tls) {
		memset(spki, 0, REMOTE_PIN_BYTES);
		return 0;
	}
	if (r->url.pinned) {
		memcpy(spki, r->url.pin, REMOTE_PIN_BYTES);
		return 0;
	}
	if (!r->seen) {
		if (libcurl_need(err) < 0)
			return -1;
		code = look(r, true, r->spki, &got, err);
		if (code == CURLE_PEER_FAILED_VERIFICATION) {
			code = look(r, false, spki, &got, err);
			if (code == CURLE_OK && got)
				return REMOTE_UNKNOWN;
		}
		if (code != CURLE_OK)
			return remote_error_curl(r, code, err);
		if (!got)
			return err_set(err, ERR_UNREACHABLE, "the server shows no certificate");
		r->seen = true;
	}
	memcpy(spki, r->spki, REMOTE_PIN_BYTES);
	return 0;
}

void
remote_pin(struct remote *r, const uint8_t spki[static REMOTE_PIN_BYTES])
{
	r->url.pinned = true;
	memcpy(r->url.pin, spki, REMOTE_PIN_BYTES);
}
