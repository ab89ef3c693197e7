/* SPDX-License-Identifier: Apache-2.0 */
/* passphrase: see passphrase.h. */
#include "crypto/passphrase.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>
#include <unictype.h>
#include <uninorm.h>
#include <unistd.h>
#include <unistr.h>

#include "crypto/passphrase_words.h"
#include "crypto/wrap.h"

/* NFC lengthens UTF-8 at most threefold (Unicode Standard Annex 15, "Maximum Expansion Factor"). */
#define NORMAL_BYTES_MAX (3 * PASSPHRASE_BYTES_MAX)

struct passphrase {
	size_t n;
	uint8_t bytes[NORMAL_BYTES_MAX];
};

static struct span
drop_line_end(struct span s)
{
	if (s.n && s.p[s.n - 1] == '\n')
		s.n--;
	if (s.n && s.p[s.n - 1] == '\r')
		s.n--;
	return s;
}

/* Tab and every space separator become U+0020; other control characters are refused.  @out has
 * room for s.n bytes: a blank never gets longer. */
static int
map_blanks(uint8_t *out, size_t *n, struct span s, struct err *err)
{
	const uc_general_category_t blank = UC_SPACE_SEPARATOR, control = UC_CONTROL;
	ucs4_t c;

	*n = 0;
	while (s.n) {
		int width = u8_mbtouc(&c, s.p, s.n);

		if (c == '\t' || uc_is_general_category(c, blank)) {
			out[(*n)++] = ' ';
		} else if (uc_is_general_category(c, control)) {
			err_set(err, ERR_SYNTAX, "the passphrase has control characters in it");
			return err_hint(err, "a passphrase is one line of text");
		} else {
			memcpy(out + *n, s.p, (size_t)width);
			*n += (size_t)width;
		}
		s = span_skip(s, (size_t)width);
	}
	return 0;
}

static int
normalise(struct passphrase *p, struct span text, struct err *err)
{
	uint8_t mapped[PASSPHRASE_BYTES_MAX], *normal = NULL;
	size_t n_mapped = 0;
	int rc = map_blanks(mapped, &n_mapped, text, err);

	p->n = sizeof p->bytes;
	if (rc == 0)
		normal = u8_normalize(UNINORM_NFC, mapped, n_mapped, p->bytes, &p->n);
	secret_wipe(mapped, sizeof mapped);
	if (rc < 0)
		return -1;
	if (normal != p->bytes) { /* no memory, or longer than Unicode allows */
		if (normal)
			secret_wipe(normal, p->n);
		free(normal);
		return err_nomem(err);
	}
	return 0;
}

int
passphrase_new(struct passphrase **out, struct span typed, struct err *err)
{
	AUTO(passphrase_free) struct passphrase *p = NULL;
	struct span text = drop_line_end(typed);

	if (text.n > PASSPHRASE_BYTES_MAX)
		return err_set(err, ERR_LIMIT, "the passphrase is longer than %d bytes",
			       PASSPHRASE_BYTES_MAX);
	if (text.n == 0)
		return err_set(err, ERR_SYNTAX, "the passphrase is empty");
	if (u8_check(text.p, text.n))
		return err_set(err, ERR_SYNTAX, "the passphrase is not UTF-8 text");
	p = sodium_malloc(sizeof *p);
	if (!p)
		return err_nomem(err);
	if (normalise(p, text, err) < 0)
		return -1;
	*out = TAKE(p);
	return 0;
}

void
passphrase_free(struct passphrase *p)
{
	sodium_free(p);
}

bool
passphrase_equal(const struct passphrase *a, const struct passphrase *b)
{
	return a->n == b->n && crypto_equal(a->bytes, b->bytes, a->n);
}

/* Whether @p is in the list, ASCII case and blanks aside. */
static bool
is_common(const struct passphrase *p)
{
	char folded[NORMAL_BYTES_MAX + 1];
	size_t n = 0;
	bool found = false;

	for (size_t i = 0; i < p->n; i++) {
		uint8_t c = p->bytes[i];

		if (c != ' ')
			folded[n++] = (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
	}
	folded[n] = '\0';
	for (size_t i = 0; i < PASSPHRASE_N_COMMON && !found; i++)
		found = strcmp(folded, passphrase_common[i]) == 0;
	secret_wipe(folded, sizeof folded);
	return found;
}

#define DIFFERENT_MIN 5

/* Counts up to DIFFERENT_MIN. */
static unsigned
count_different(const struct passphrase *p)
{
	ucs4_t seen[DIFFERENT_MIN] = { 0 }, c;
	unsigned n = 0;

	for (size_t i = 0; i < p->n && n < DIFFERENT_MIN;) {
		unsigned k = 0;

		i += (size_t)u8_mbtouc(&c, p->bytes + i, p->n - i);
		while (k < n && seen[k] != c)
			k++;
		if (k == n)
			seen[n++] = c;
	}
	secret_wipe(seen, sizeof seen);
	return n;
}

int
passphrase_check_new(const struct passphrase *p, struct err *err)
{
	if (u8_mbsnlen(p->bytes, p->n) < PASSPHRASE_CHARACTERS_MIN)
		err_set(err, ERR_USAGE, "the passphrase is shorter than %d characters",
			PASSPHRASE_CHARACTERS_MIN);
	else if (is_common(p))
		err_set(err, ERR_USAGE,
			"this passphrase is one of those that everybody tries first");
	else if (count_different(p) < DIFFERENT_MIN)
		err_set(err, ERR_USAGE, "the passphrase repeats fewer than %d different characters",
			DIFFERENT_MIN);
	else
		return 0;
	return err_hint(err, "take four or five words that have nothing to do with each other");
}

void
passphrase_suggest(char out[static PASSPHRASE_SUGGESTION_BYTES])
{
	char *at = out;

	for (int i = 0; i < 5; i++) {
		const char *word = passphrase_words[randombytes_uniform(PASSPHRASE_N_WORDS)];

		if (i)
			*at++ = ' ';
		at = stpcpy(at, word);
	}
}

struct passphrase_cost
passphrase_cost_default(uint64_t machine_bytes)
{
	if (machine_bytes < 2ull << 30)
		return (struct passphrase_cost){ .memory_kib = 64u << 10, .passes = 12 };
	return (struct passphrase_cost){ .memory_kib = 256u << 10, .passes = 3 };
}

int
passphrase_cost_check(struct passphrase_cost cost, uint64_t machine_bytes, struct err *err)
{
	if (cost.memory_kib < PASSPHRASE_MEMORY_KIB_MIN || cost.passes < PASSPHRASE_PASSES_MIN) {
		err_set(err, ERR_AUTH,
			"the server asks for a weaker passphrase check (%u KiB, %u passes) than "
			"any "
			"Cloudbox makes",
			cost.memory_kib, cost.passes);
		return err_hint(err, "this server may be trying to learn the passphrase: do not "
				     "type it again, and ask whoever runs the server");
	}
	if (cost.passes > PASSPHRASE_PASSES_MAX)
		return err_set(err, ERR_LIMIT, "a passphrase check of %u passes (at most %u)",
			       cost.passes, PASSPHRASE_PASSES_MAX);
	if ((uint64_t)cost.memory_kib * 1024 > machine_bytes / 2) {
		err_set(err, ERR_LIMIT,
			"the passphrase check needs %u MiB, more than half of this machine's "
			"memory",
			cost.memory_kib >> 10);
		return err_hint(err, "use the recovery code here, or a machine with more memory");
	}
	return 0;
}

uint64_t
passphrase_machine_bytes(void)
{
	long pages = sysconf(_SC_PHYS_PAGES), page_bytes = sysconf(_SC_PAGESIZE);

	if (pages <= 0 || page_bytes <= 0)
		return 0;
	return (uint64_t)pages * (uint64_t)page_bytes;
}

void
passphrase_salt_random(uint8_t salt[static PASSPHRASE_SALT_BYTES])
{
	randombytes_buf(salt, PASSPHRASE_SALT_BYTES);
}

/* mk, the Argon2id output. */
static int
stretch(uint8_t mk[static SECRET_BYTES], const struct passphrase *p, struct passphrase_cost cost,
	const uint8_t account[static CRYPTO_ID_BYTES],
	const uint8_t salt[static PASSPHRASE_SALT_BYTES], struct err *err)
{
	uint8_t salt_in_use[CRYPTO_HASH_BYTES]; /* of which Argon2 takes the first 16 */

	static_assert(crypto_pwhash_SALTBYTES == PASSPHRASE_SALT_BYTES, "Argon2's salt");
	ds_hash(salt_in_use, DS(DS_PW_SALT, DS_ID(account), DS_NUM(WRAP_PASSPHRASE),
				DS_BYTES(salt, PASSPHRASE_SALT_BYTES)));
	if (crypto_pwhash(mk, SECRET_BYTES, (const char *)p->bytes, p->n, salt_in_use, cost.passes,
			  (size_t)cost.memory_kib * 1024, crypto_pwhash_ALG_ARGON2ID13) != 0)
		return err_nomem(err);
	return 0;
}

int
passphrase_unlock(struct unlock_keys **out, const struct passphrase *p, struct passphrase_cost cost,
		  const uint8_t account[static CRYPTO_ID_BYTES],
		  const uint8_t salt[static PASSPHRASE_SALT_BYTES], struct err *err)
{
	uint8_t mk[SECRET_BYTES];

	if (passphrase_cost_check(cost, passphrase_machine_bytes(), err) < 0 ||
	    stretch(mk, p, cost, account, salt, err) < 0)
		return -1;
	int rc = unlock_keys_new(out, SPAN_ARRAY(mk), DS_PASS_KEK, DS_PASS_AUTH, err);
	secret_wipe(mk, sizeof mk);
	return rc;
}
