/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crypto: the sizes that all of Cloudbox shares, the one suite, and starting up.
 *
 * Suite 1: Ed25519, X25519, BLAKE2b-256, Argon2id (libsodium); ChaCha20-Poly1305 (RFC 8439),
 * HMAC-SHA-256 (OpenSSL).  Nothing is negotiated; another suite byte is ERR_UNSUPPORTED.
 */
#ifndef CRYPTO_CRYPTO_H
#define CRYPTO_CRYPTO_H

#include <stdint.h>

#include "base/err.h"
#include "base/span.h"

#define CRYPTO_SUITE 1

#define CRYPTO_HASH_BYTES      32 /* BLAKE2b-256, HMAC-SHA-256 */
#define CRYPTO_ID_BYTES        16 /* account, device, folder, item: the first 16 of a hash */
#define CRYPTO_PUBLIC_BYTES    32 /* Ed25519 and X25519 public keys */
#define CRYPTO_SIGNATURE_BYTES 64 /* Ed25519 */
#define CRYPTO_TAG_BYTES       16 /* Poly1305: how much longer than its plaintext a ciphertext is */

/** Before anything else of this folder, once per program.  ERR_INTERNAL: no randomness, or a
 *  library without the algorithms. */
int crypto_init(struct err *err);

/** The part of it that struct secret needs, libsodium: who does nothing else spares the 2 MiB that OpenSSL takes to
 *  look for its algorithms. */
int crypto_init_secrets(struct err *err);

/** No core dumps, no ptrace by other processes of the user (PR_SET_DUMPABLE 0): for the terminal.
 */
int crypto_protect_process(struct err *err);

/** 0, or ERR_UNSUPPORTED naming @what ("batch", "wrap", …) if @suite is not CRYPTO_SUITE. */
int crypto_suite_check(uint8_t suite, const char *what, struct err *err);

/** Whether @n bytes are equal, in a time that depends on @n only. */
bool crypto_equal(const void *a, const void *b, size_t n);

#endif
