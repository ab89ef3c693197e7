/* SPDX-License-Identifier: Apache-2.0 */
/*
 * passphrase: from what a person types to keys.
 *
 * Typed text is checked UTF-8, normalised (NFC; tab and every Unicode space separator to U+0020;
 * one line end dropped) and kept in guarded memory.  Argon2id (RFC 9106, version 1.3, one lane)
 * makes mk of it; mk makes KEK_p and the login key.  The cost comes from the server with the salt,
 * so it has a floor that no server and no caller can go below.
 */
#ifndef CRYPTO_PASSPHRASE_H
#define CRYPTO_PASSPHRASE_H

#include "crypto/keys.h"

#define PASSPHRASE_BYTES_MAX      1024 /* typed */
#define PASSPHRASE_CHARACTERS_MIN 12   /* code points after normalising; new passphrases only */
#define PASSPHRASE_SALT_BYTES     16

struct passphrase; /* opaque, guarded memory */

/** Normalise what was typed or stands in a file.  ERR_SYNTAX: not UTF-8, or control characters
 *  (a second line).  ERR_LIMIT, ERR_NOMEM.  The caller wipes @typed. */
int passphrase_new(struct passphrase **out, struct span typed, struct err *err);
void passphrase_free(struct passphrase *p);
AUTO_PTR(passphrase_free, struct passphrase);

bool passphrase_equal(const struct passphrase *a, const struct passphrase *b);

/** Whether @p may become an account's passphrase.  ERR_USAGE: fewer than 12 characters, in the
 *  shipped list of common ones (case and blanks aside), or fewer than five different characters. */
int passphrase_check_new(const struct passphrase *p, struct err *err);

#define PASSPHRASE_SUGGESTION_BYTES 64

/** Five words of 1,296, blank between: 51.7 bits.  The caller wipes it. */
void passphrase_suggest(char out[static PASSPHRASE_SUGGESTION_BYTES]);

struct passphrase_cost {
	uint32_t memory_kib;
	uint32_t passes;
};

/* The floor: RFC 9106's second recommended option has 64 MiB and three passes. */
#define PASSPHRASE_MEMORY_KIB_MIN (64u << 10)
#define PASSPHRASE_PASSES_MIN     3u
#define PASSPHRASE_PASSES_MAX     64u

/** 256 MiB and 3 passes; 64 MiB and 12 on a machine of less than 2 GiB. */
struct passphrase_cost passphrase_cost_default(uint64_t machine_bytes);

/** ERR_AUTH: below the floor (a server that would make guessing cheap); ERR_LIMIT: more than half
 * of
 *  @machine_bytes, or more than 64 passes. */
int passphrase_cost_check(struct passphrase_cost cost, uint64_t machine_bytes, struct err *err);

/** Physical memory of this machine, bytes. */
uint64_t passphrase_machine_bytes(void);

/** A fresh salt for a new wrap. */
void passphrase_salt_random(uint8_t salt[static PASSPHRASE_SALT_BYTES]);

/**
 * mk = Argon2id(passphrase, salt in use, cost), salt in use = first 16 of H(DS("pw-salt", account,
 * kind, salt)); then KEK_p and the login key.  Takes about a second and cost.memory_kib.
 * @return 0, or -1: passphrase_cost_check()'s errors before any memory is taken, ERR_NOMEM.
 */
int passphrase_unlock(struct unlock_keys **out, const struct passphrase *p,
		      struct passphrase_cost cost, const uint8_t account[static CRYPTO_ID_BYTES],
		      const uint8_t salt[static PASSPHRASE_SALT_BYTES], struct err *err);

#endif
