/* SPDX-License-Identifier: Apache-2.0 */
/* log_fixture: an account whose log has one entry of each type; the same bytes at every run, for
 * Ed25519 signatures are deterministic and boxes are opaque here. */
#ifndef TESTS_FORMAT_LOG_FIXTURE_H
#define TESTS_FORMAT_LOG_FIXTURE_H

#include "fixture.h"
#include "format/log.h"

struct log_fixture {
	struct account_keys *old, *new; /* before and after the rotation */
	struct sign_key *dsk[3];
	struct id16 account;
	struct id16 device[3];
	struct log_state state;
	uint64_t client_unix_ms;
};

static inline void
log_fixture_init(struct log_fixture *f)
{
	struct id16 account;

	*f = (struct log_fixture){ .client_unix_ms = 1700000000000 };
	f->old = test_account_keys('1');
	f->new = test_account_keys('2');
	keys_account_id(account.b, sign_key_public(f->old->ask));
	f->account = account;
	for (unsigned i = 0; i < 3; i++) {
		f->dsk[i] = test_sign_key((uint8_t)('A' + i));
		f->device[i] = test_id('D', i);
	}
	log_state_init(&f->state, &account);
}

static inline void
log_fixture_clear(struct log_fixture *f)
{
	account_keys_free(f->old);
	account_keys_free(f->new);
	for (unsigned i = 0; i < 3; i++)
		sign_key_free(f->dsk[i]);
	log_state_clear(&f->state);
}
AUTO_OBJ(log_fixture_clear, struct log_fixture);

static inline struct log_entry
log_fixture_entry(struct log_fixture *f, enum log_type type)
{
	struct log_entry e = { .type = type, .client_unix_ms = f->client_unix_ms++ };

	log_state_next(&e, &f->state);
	return e;
}

static inline struct log_credentials
log_fixture_credentials(uint8_t c)
{
	struct log_credentials k = {
		.recovery_find = test_id(c, 1),
		.passphrase_wrap_hash = test_hash(c, 2),
		.recovery_wrap_hash = test_hash(c, 3),
	};

	memset(k.passphrase_login, c, sizeof k.passphrase_login);
	memset(k.recovery_login, c + 1, sizeof k.recovery_login);
	return k;
}

static inline void
log_fixture_keys(struct log_entry *e, const struct account_keys *k)
{
	memcpy(e->ask_public, sign_key_public(k->ask), sizeof e->ask_public);
	memcpy(e->aek_public, k->aek_public, sizeof e->aek_public);
	keys_check(e->psk_check.b, k->psk);
}

static inline struct log_entry
log_fixture_create(struct log_fixture *f)
{
	struct log_entry e = log_fixture_entry(f, LOG_CREATE);

	log_fixture_keys(&e, f->old);
	e.credentials = log_fixture_credentials('c');
	e.retention_days = 90;
	return e;
}

static inline struct log_entry
log_fixture_add(struct log_fixture *f, unsigned i)
{
	struct log_entry e = log_fixture_entry(f, LOG_ADD_DEVICE);

	log_fixture_keys(&e, f->state.epoch == LOG_FIRST_EPOCH ? f->old : f->new);
	e.device = f->device[i];
	memcpy(e.dsk_public, sign_key_public(f->dsk[i]), sizeof e.dsk_public);
	e.d_check = test_hash('k', i);
	e.name_box = span_str("a sealed name, opaque to the log");
	assert_int_equal(log_device_sign(&e, f->dsk[i], NULL), 0);
	return e;
}

static inline struct log_entry
log_fixture_rotate(struct log_fixture *f)
{
	struct log_entry e = log_fixture_entry(f, LOG_ROTATE);

	log_fixture_keys(&e, f->new);
	e.credentials = log_fixture_credentials('r');
	e.old_ars_box = span_str("the old ARS, sealed");
	for (size_t i = 0; i < f->state.n_devices; i++)
		if (f->state.devices[i].state == DEVICE_ALIVE)
			e.rotated[e.n_rotated++] = (struct log_rotated_device){
				f->state.devices[i].id,
				span_str("next PSK and DPS, sealed"),
				span_str("the name, sealed anew"),
			};
	return e;
}

/* Sign @e, with the keys that are in force, into @out. */
static inline void
log_fixture_sign(struct log_fixture *f, struct buf *out, const struct log_entry *e)
{
	bool rotated = f->state.epoch > LOG_FIRST_EPOCH;
	struct err err;

	if (log_entry_sign(out, e, rotated ? f->new->ask : f->old->ask,
			   e->type == LOG_ROTATE ? f->new->ask : NULL, &err) < 0)
		fail_msg("%s", err.msg);
}

/* Sign and apply; the entry's bytes are appended to @all, if given, after their length (4). */
static inline void
log_fixture_put(struct log_fixture *f, struct buf *all, const struct log_entry *e)
{
	AUTO(buf_clear) struct buf b = BUF_INIT(LOG_ENTRY_BYTES_MAX);
	struct err err;

	log_fixture_sign(f, &b, e);
	if (log_state_apply(&f->state, buf_span(&b), &err) < 0)
		fail_msg("%s", err.msg);
	if (all) {
		assert_int_equal(buf_append_u32(all, (uint32_t)b.n, NULL), 0);
		assert_int_equal(buf_append(all, buf_span(&b), NULL), 0);
	}
}

/* The whole life of an account: devices 0 and 1, 1 revoked, keys rotated, 2 replaces 0. */
static inline void
log_fixture_live(struct log_fixture *f, struct buf *all)
{
	struct log_entry e = log_fixture_create(f);

	log_fixture_put(f, all, &e);
	e = log_fixture_add(f, 0);
	log_fixture_put(f, all, &e);
	e = log_fixture_add(f, 1);
	log_fixture_put(f, all, &e);
	e = log_fixture_entry(f, LOG_SET_POLICY);
	e.retention_days = 365;
	e.policy_flags = 1;
	log_fixture_put(f, all, &e);
	e = log_fixture_entry(f, LOG_REVOKE);
	e.device = f->device[1];
	e.trusted_seq = 12;
	e.trusted_head = test_hash('t', 12);
	log_fixture_put(f, all, &e);
	e = log_fixture_rotate(f);
	log_fixture_put(f, all, &e);
	e = log_fixture_entry(f, LOG_REWRAP);
	e.credentials = log_fixture_credentials('w');
	log_fixture_put(f, all, &e);
	e = log_fixture_add(f, 2);
	log_fixture_put(f, all, &e);
	e = log_fixture_entry(f, LOG_REPLACE_DEVICE);
	e.device = f->device[2];
	e.old_device = f->device[0];
	e.trusted_seq = 7;
	e.trusted_head = test_hash('t', 7);
	log_fixture_put(f, all, &e);
	e = log_fixture_entry(f, LOG_SET_SERVER);
	e.url = span_str("https://box.example.org:8443/");
	log_fixture_put(f, all, &e);
	e = log_fixture_entry(f, LOG_RETIRE_DEVICE);
	e.device = f->device[2];
	log_fixture_put(f, all, &e);
	e = log_fixture_entry(f, LOG_DELETE_ACCOUNT);
	log_fixture_put(f, all, &e);
}

#endif
