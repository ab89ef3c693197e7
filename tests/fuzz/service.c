/* SPDX-License-Identifier: Apache-2.0 */
/*
 * service: what is said at the service's socket, and the session in it: what is accepted is written the same again.
 * The sender is a process of the same user; all the same nothing that it says leads out of bounds.
 */
#include "account/session.h"
#include "crypto/crypto.h"
#include "crypto/secret.h"
#include "fuzz.h"
#include "service/message.h"

static void
session(struct span bytes)
{
	AUTO(account_session_free) struct account_session *s = NULL;
	uint8_t again[ACCOUNT_SESSION_BYTES];

	if (account_session_decode(&s, bytes, NULL) < 0)
		return;
	account_session_encode(again, s);
	FUZZ_TRUE(span_equal(SPAN_ARRAY(again), bytes));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	uint8_t *copy = fuzz_copy(span_of(data, n)), again[MESSAGE_BYTES_MAX];
	struct span bytes = span_of(copy, n);
	struct message m;
	size_t length;

	FUZZ_TRUE(crypto_init_secrets(NULL) == 0);
	if (message_decode(&m, bytes, NULL) == 0) {
		FUZZ_TRUE(fuzz_within(m.body, bytes));
		if (message_encode(&length, again, &m, NULL) == 0)
			FUZZ_TRUE(span_equal(span_of(again, length), bytes));
		else
			FUZZ_TRUE(n > MESSAGE_BYTES_MAX);
		session(m.body);
	}
	free(copy);
	return 0;
}
