/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log: account log entries, and chains of them, entered after the signature check.
 *
 * A chain is entries each with its length in front.  Each that decodes is put at the place where the
 * chain stands and signed anew with fixed keys, so that what it says is judged and not who says it.
 */
#include "format/log.h"
#include "crypto/crypto.h"
#include "crypto/keys.h"
#include "fuzz.h"
#include "wire/wire.h"

static struct account_keys *old_keys, *new_keys;
static struct sign_key *dsk;
static struct id16 account;

static void
start(void)
{
	uint8_t seed[SECRET_BYTES] = { 1 };

	if (dsk)
		return;
	FUZZ_TRUE(crypto_init(NULL) == 0);
	for (int i = 0; i < 3; i++) {
		AUTO(secret_free) struct secret *s = NULL;

		seed[1] = (uint8_t)i;
		FUZZ_TRUE(secret_from_bytes(&s, seed, NULL) == 0);
		FUZZ_TRUE((i == 0   ? account_keys_new(&old_keys, s, NULL)
			   : i == 1 ? account_keys_new(&new_keys, s, NULL)
				    : sign_key_new(&dsk, s, NULL)) == 0);
	}
	keys_account_id(account.b, sign_key_public(old_keys->ask));
}

/* What decoded encodes to the same bytes, signatures apart. */
static void
again_is_the_same(const struct log_entry *e, struct span bytes)
{
	AUTO(buf_clear) struct buf again = BUF_INIT(LOG_ENTRY_BYTES_MAX);
	size_t signatures = CRYPTO_SIGNATURE_BYTES * (e->type == LOG_ROTATE ? 2 : 1);

	FUZZ_TRUE(log_entry_sign(&again, e, old_keys->ask,
				 e->type == LOG_ROTATE ? new_keys->ask : NULL, NULL) == 0);
	FUZZ_TRUE(again.n == bytes.n && memcmp(again.p, bytes.p, bytes.n - signatures) == 0);
}

/* Put @e where @s stands; keys that must be known ones become ours. */
static void
place(struct log_entry *e, const struct log_state *s)
{
	log_state_next(e, s);
	if (s->n_devices && e->device.b[15] < s->n_devices)
		e->device = s->devices[e->device.b[15]].id;
	if (s->n_devices && e->old_device.b[15] < s->n_devices)
		e->old_device = s->devices[e->old_device.b[15]].id;
	for (uint32_t i = 0; i < e->n_rotated && i < s->n_devices; i++)
		if (e->rotated[i].device.b[15] < s->n_devices)
			e->rotated[i].device = s->devices[e->rotated[i].device.b[15]].id;
	if (e->type == LOG_CREATE)
		memcpy(e->ask_public, sign_key_public(old_keys->ask), sizeof e->ask_public);
	if (e->type == LOG_ROTATE)
		memcpy(e->ask_public, sign_key_public(new_keys->ask), sizeof e->ask_public);
	if (e->type == LOG_ADD_DEVICE) {
		if (s->length) {
			memcpy(e->aek_public, s->aek_public, sizeof e->aek_public);
			e->psk_check = s->psk_check;
		}
		memcpy(e->dsk_public, sign_key_public(dsk), sizeof e->dsk_public);
		FUZZ_TRUE(log_device_sign(e, dsk, NULL) == 0);
	}
}

static void
state_check(const struct log_state *s, uint64_t length)
{
	FUZZ_TRUE(s->length == length && length <= LOG_ENTRIES_MAX);
	FUZZ_TRUE(log_state_alive(s) <= LOG_DEVICES_MAX && s->n_devices <= LOG_DEVICES_EVER_MAX);
	for (size_t i = 0; i < s->n_devices; i++) {
		const struct log_device *d = log_state_device(s, &s->devices[i].id);

		FUZZ_TRUE(d == &s->devices[i] && d->n_name_box <= LOG_NAME_BYTES_MAX);
	}
}

static void
chain(struct span entries)
{
	AUTO(log_state_clear) struct log_state s;
	struct span entry;

	log_state_init(&s, &account);
	while (wire_log_next(&entry, &entries, NULL) == 0) {
		AUTO(buf_clear) struct buf again = BUF_INIT(LOG_ENTRY_BYTES_MAX);
		AUTO(free) struct log_entry *e = calloc(1, sizeof *e);
		uint64_t length = s.length;

		if (log_state_apply(&s, entry, NULL) == 0) { /* as it came: its signature fits */
			state_check(&s, length + 1);
			continue;
		}
		if (log_entry_decode(e, entry, NULL) < 0)
			continue;
		place(e, &s);
		if (log_entry_sign(&again, e,
				   s.epoch > LOG_FIRST_EPOCH ? new_keys->ask : old_keys->ask,
				   e->type == LOG_ROTATE ? new_keys->ask : NULL, NULL) < 0)
			continue;
		length += log_state_apply(&s, buf_span(&again), NULL) == 0;
		state_check(&s, length);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	AUTO(free) struct log_entry *e = calloc(1, sizeof *e);
	struct span all = span_of(data, n);

	start();
	if (log_entry_decode(e, all, NULL) == 0)
		again_is_the_same(e, all);
	else
		chain(all);
	return 0;
}
