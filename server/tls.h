/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tls: the server's own key and certificate, or those that the operator gives.
 *
 * A terminal pins the key (the SHA-256 of its SubjectPublicKeyInfo), so the key is made once and
 * kept; the certificate around it is made anew when its time runs out.
 */
#ifndef SERVER_TLS_H
#define SERVER_TLS_H

#include "base/buf.h"

#define TLS_PIN_BYTES 32
#define TLS_PEM_MAX   65536 /* a chain of certificates */

struct tls {
	struct buf key_pem, certificate_pem;
	uint8_t pin[TLS_PIN_BYTES];
};

void tls_clear(struct tls *t);
AUTO_OBJ(tls_clear, struct tls);

/** The key and the certificate in the folder @data_fd (tls-key.pem, tls-cert.pem), made where they
 *  are missing (P-256; ten years).  @t zeroed.  ERR_IO, ERR_FULL, ERR_FORMAT (no key). */
int tls_own(struct tls *t, int data_fd, struct err *err);

/** Those of the operator.  ERR_NOT_FOUND, ERR_IO, ERR_FORMAT (no key or certificate, or they do not
 *  belong together). */
int tls_given(struct tls *t, const char *key_path, const char *certificate_path, struct err *err);

#define TLS_PIN_TEXT_BYTES 44
/** base64url without padding. */
void tls_pin_text(char out[static TLS_PIN_TEXT_BYTES], const uint8_t pin[static TLS_PIN_BYTES]);

#endif
