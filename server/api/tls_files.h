/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tls_files: the certificate that new connections get, changed while others go on.
 *
 * libmicrohttpd asks GnuTLS, and GnuTLS asks tls_files_of() at each handshake.  It takes the newest; old
 * ones stay until the end, since a handshake may still be using them.  One server in a process.
 */
#ifndef API_TLS_FILES_H
#define API_TLS_FILES_H

#include <gnutls/abstract.h>

#include "base/err.h"

struct tls_files;

/** Make this the newest.  ERR_FORMAT, ERR_NOMEM: the old one stays. */
int tls_files_load(struct tls_files **newest, const char *key_pem, const char *certificate_pem,
		   struct err *err);
/** Nobody shakes hands any more. */
void tls_files_clear(void);

/** For GnuTLS: gnutls_certificate_retrieve_function2. */
int
tls_files_of(gnutls_session_t session, const gnutls_datum_t *ca_names, int n_ca_names,
	     const gnutls_pk_algorithm_t *algorithms, int n_algorithms,
	     gnutls_pcert_st **certificates, unsigned int *n_certificates, gnutls_privkey_t *key);

#endif
