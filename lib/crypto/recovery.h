/* SPDX-License-Identifier: Apache-2.0 */
/*
 * recovery: the recovery code, which alone finds and opens an account.
 *
 * 128 random bits and a 12-bit check, 28 characters of Crockford's base32 in seven groups of four:
 * "7ZQ4-…".  The check is CRC-12 (x^12 + x^11 + x^3 + x^2 + x + 1), which catches every mistyped
 * character, every two neighbours mistyped or exchanged, and 4,095 of 4,096 others.  It keeps no
 * secret and stops no attacker; the 128 bits do.
 */
#ifndef CRYPTO_RECOVERY_H
#define CRYPTO_RECOVERY_H

#include "crypto/keys.h"

#define RECOVERY_CODE_BYTES 16
#define RECOVERY_GROUPS     7
#define RECOVERY_TEXT_BYTES 35 /* 28 characters, 6 dashes, NUL */

struct recovery_code; /* opaque, guarded memory */

int recovery_code_new(struct recovery_code **out, struct err *err);
void recovery_code_free(struct recovery_code *c);
AUTO_PTR(recovery_code_free, struct recovery_code);

/** As people write it down; the caller wipes @out.  Group g (0 to 6) is the four characters at
 *  out + 5 * g. */
void recovery_code_print(char out[static RECOVERY_TEXT_BYTES], const struct recovery_code *c);

/** Either case; O for 0, I and L for 1; blanks, dashes and line ends anywhere.  ERR_SYNTAX: wrong
 *  length, a character that no code has (names its group), or the check does not fit (the hint
 * names the group where one wrong character would explain it, if that is one group).  ERR_NOMEM. */
int recovery_code_parse(struct recovery_code **out, struct span text, struct err *err);

/** The code's 16 bytes, borrowed. */
const uint8_t *recovery_code_bytes(const struct recovery_code *c);

/** rk = KDF(code, "recovery"), and from it KEK_r, the login key, and @find, by which the server
 *  finds the account.  ERR_NOMEM. */
int recovery_unlock(struct unlock_keys **out, uint8_t find[static CRYPTO_ID_BYTES],
		    const struct recovery_code *c, struct err *err);

#endif
