/* SPDX-License-Identifier: Apache-2.0 */
/* recovery: a recovery code as typed, a passphrase as typed or from a file, a wrap from the server. */
#include "crypto/recovery.h"
#include "crypto/crypto.h"
#include "crypto/wrap.h"
#include "fuzz.h"

static void
code(struct span text)
{
	AUTO(recovery_code_free) struct recovery_code *c = NULL;
	AUTO(recovery_code_free) struct recovery_code *again = NULL;
	char printed[RECOVERY_TEXT_BYTES];

	if (recovery_code_parse(&c, text, NULL) < 0)
		return;
	recovery_code_print(printed, c);
	FUZZ_TRUE(recovery_code_parse(&again, span_str(printed), NULL) == 0);
	FUZZ_TRUE(memcmp(recovery_code_bytes(c), recovery_code_bytes(again), RECOVERY_CODE_BYTES) ==
		  0);
	/* The check catches each mistyped character. */
	size_t at = text.n % 34;
	if (printed[at] != '-') {
		AUTO(recovery_code_free) struct recovery_code *wrong = NULL;

		printed[at] = printed[at] == '2' ? '3' : '2';
		FUZZ_TRUE(recovery_code_parse(&wrong, span_str(printed), NULL) < 0);
	}
}

static void
phrase(struct span text)
{
	AUTO(passphrase_free) struct passphrase *p = NULL;
	AUTO(passphrase_free) struct passphrase *again = NULL;

	if (passphrase_new(&p, text, NULL) < 0)
		return;
	FUZZ_TRUE(passphrase_new(&again, text, NULL) == 0 && passphrase_equal(p, again));
	passphrase_check_new(p, NULL);
}

static void
wrap(struct span bytes)
{
	uint8_t again[WRAP_BYTES];
	struct wrap w;

	if (wrap_decode(&w, bytes, NULL) < 0)
		return;
	wrap_encode(again, &w);
	FUZZ_TRUE(span_equal(SPAN_ARRAY(again), bytes));
	passphrase_cost_check(w.cost, UINT64_C(4) << 30, NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static bool started;
	struct span all = span_of(data, n);

	if (!started)
		FUZZ_TRUE(crypto_init(NULL) == 0);
	started = true;
	code(all);
	phrase(all);
	wrap(all);
	return 0;
}
