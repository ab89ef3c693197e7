/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pairing: what the two sides of a pairing say to each other, entered after decryption, and a whole
 * talk in which one side says what the input has.
 *
 * What is accepted encodes to the same bytes; a host that hears anything but what comes next is done.
 */
#include "account/pairing.h"
#include "crypto/wrap.h"
#include "fuzz.h"

static struct secret *secret;

static void
start(void)
{
	const uint8_t bytes[SECRET_BYTES] = { 1 };

	if (secret)
		return;
	FUZZ_TRUE(crypto_init(NULL) == 0);
	FUZZ_TRUE(secret_from_bytes(&secret, bytes, NULL) == 0);
}

static void
again_is_the_same(struct span plain)
{
	AUTO(pairing_message_clear) struct pairing_message m = { 0 };
	AUTO(free) uint8_t *exact = fuzz_copy(plain);
	uint8_t again[PAIRING_PLAIN_BYTES_MAX];

	if (pairing_message_decode(&m, span_of(exact, plain.n), NULL) < 0)
		return;
	FUZZ_TRUE(pairing_message_encode(again, &m) == plain.n);
	FUZZ_TRUE(memcmp(again, exact, plain.n) == 0);
}

/* The host hears @plain as the joiner's first message. */
static void
heard_first(struct span plain)
{
	const uint8_t id[CRYPTO_ID_BYTES] = { 7 };
	AUTO(pairing_free) struct pairing *host = NULL;
	AUTO(secret_free) struct secret *key = NULL;
	AUTO(buf_clear) struct buf sealed = BUF_INIT(PAIRING_SEALED_BYTES_MAX);
	AUTO(pairing_message_clear) struct pairing_message m = { 0 };
	struct pair_transcript known;

	if (plain.n > PAIRING_PLAIN_BYTES_MAX)
		return;
	pair_transcript_init(&known, id);
	FUZZ_TRUE(pair_key(&key, secret, PAIR_JOINER, &known, NULL) == 0);
	FUZZ_TRUE(wrap_box_seal(&sealed, key, id,
				DS(DS_PAIR_MESSAGE, DS_NUM(PAIR_JOINER), DS_NUM(1)), plain,
				NULL) == 0);
	FUZZ_TRUE(pairing_new(&host, PAIR_HOST, id, secret, NULL, NULL) == 0);
	if (pairing_hear(host, buf_span(&sealed), &m, NULL) == 0)
		FUZZ_TRUE(m.kind == PAIRING_COMMIT && pairing_is_our_turn(host));
	else
		FUZZ_TRUE(!pairing_is_our_turn(host));
	FUZZ_TRUE(pairing_digits(host)[0] == '\0');
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	start();
	again_is_the_same(span_of(data, n));
	heard_first(span_of(data, n));
	return 0;
}
