/* SPDX-License-Identifier: Apache-2.0 */
/* passphrase_words: two lists for passphrase.c: words to offer, and passphrases to refuse. */
#ifndef CRYPTO_PASSPHRASE_WORDS_H
#define CRYPTO_PASSPHRASE_WORDS_H

#define PASSPHRASE_N_WORDS  1296 /* 10.3 bits a word */
#define PASSPHRASE_N_COMMON 289

/* Short English words, each once, sorted. */
extern const char passphrase_words[PASSPHRASE_N_WORDS][8];

/* Well-known passphrases of twelve characters and more, lower case, without blanks, sorted. */
extern const char *const passphrase_common[PASSPHRASE_N_COMMON];

#endif
