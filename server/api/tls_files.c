/* SPDX-License-Identifier: Apache-2.0 */
/* tls_files: see tls_files.h. */
#include "api/tls_files.h"

#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define CHAIN_MAX 8

struct tls_files {
	struct tls_files *older;
	gnutls_pcert_st chain[CHAIN_MAX];
	unsigned n;
	gnutls_privkey_t key;
};

static _Atomic(struct tls_files *) newest_files;

static void
free_files(struct tls_files *f)
{
	for (unsigned i = 0; i < f->n; i++)
		gnutls_pcert_deinit(&f->chain[i]);
	if (f->key)
		gnutls_privkey_deinit(f->key);
	free(f);
}

static gnutls_datum_t
datum(const char *pem)
{
	return (gnutls_datum_t){ (unsigned char *)(uintptr_t)pem, (unsigned)strlen(pem) };
}

static int
fill(struct tls_files *f, const char *key_pem, const char *certificate_pem)
{
	gnutls_datum_t key = datum(key_pem), chain = datum(certificate_pem);
	unsigned n = CHAIN_MAX;
	int rc = gnutls_pcert_list_import_x509_raw(f->chain, &n, &chain, GNUTLS_X509_FMT_PEM, 0);

	if (rc < 0)
		return rc;
	f->n = n;
	rc = gnutls_privkey_init(&f->key);
	return rc < 0 ? rc
		      : gnutls_privkey_import_x509_raw(f->key, &key, GNUTLS_X509_FMT_PEM, NULL, 0);
}

int
tls_files_load(struct tls_files **newest, const char *key_pem, const char *certificate_pem,
	       struct err *err)
{
	struct tls_files *f = calloc(1, sizeof *f);

	if (!f)
		return err_nomem(err);
	int rc = fill(f, key_pem, certificate_pem);
	if (rc < 0) {
		free_files(f);
		return err_set(err, ERR_FORMAT, "the certificate cannot be used: %s",
			       gnutls_strerror(rc));
	}
	f->older = atomic_load(&newest_files);
	atomic_store(&newest_files, f);
	*newest = f;
	return 0;
}

void
tls_files_clear(void)
{
	struct tls_files *f = atomic_exchange(&newest_files, NULL), *older;

	for (; f; f = older) {
		older = f->older;
		free_files(f);
	}
}

int
tls_files_of(gnutls_session_t session, const gnutls_datum_t *ca_names, int n_ca_names,
	     const gnutls_pk_algorithm_t *algorithms, int n_algorithms,
	     gnutls_pcert_st **certificates, unsigned int *n_certificates, gnutls_privkey_t *key)
{
	struct tls_files *f = atomic_load(&newest_files);

	(void)session, (void)ca_names, (void)n_ca_names, (void)algorithms, (void)n_algorithms;
	if (!f)
		return -1;
	*certificates = f->chain;
	*n_certificates = f->n;
	*key = f->key;
	return 0;
}
