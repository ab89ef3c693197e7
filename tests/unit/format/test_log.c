/* SPDX-License-Identifier: Apache-2.0 */
#include "format/log.h"

#include "log_fixture.h"
#include "mutate.h"

static void
the_log_of_a_whole_life_says_who_is_who(void **state)
{
	AUTO(log_fixture_clear) struct log_fixture f;
	const struct log_device *d;

	(void)state;
	log_fixture_init(&f);
	log_fixture_live(&f, NULL);
	assert_int_equal(f.state.length, 12);
	assert_int_equal(f.state.epoch, 2);
	assert_int_equal(f.state.retention_days, 365);
	assert_int_equal(f.state.policy_flags, 1);
	assert_string_equal(f.state.url, "https://box.example.org:8443/");
	assert_true(f.state.deleted);
	assert_memory_equal(f.state.aek_public, f.new->aek_public, 32);
	assert_memory_equal(f.state.ask_public, sign_key_public(f.new->ask), 32);
	assert_int_equal(f.state.credentials.passphrase_login[0], 'w');
	assert_int_equal(f.state.n_devices, 3);
	assert_int_equal(log_state_alive(&f.state), 0);

	d = log_state_device(&f.state, &f.device[0]);
	assert_int_equal(d->state, DEVICE_REPLACED);
	assert_int_equal(d->trusted_seq, 7);
	assert_true(id16_equal(&d->replaced_by, &f.device[2]));
	assert_int_equal(d->epoch_added, 1);
	assert_int_equal(d->name_epoch, 2);
	assert_int_equal(d->n_name_box, strlen("the name, sealed anew"));
	assert_memory_equal(d->name_box, "the name, sealed anew", d->n_name_box);
	d = log_state_device(&f.state, &f.device[1]);
	assert_int_equal(d->state, DEVICE_REVOKED);
	assert_int_equal(d->trusted_seq, 12);
	assert_int_equal(d->name_epoch, 1); /* no longer alive at the rotation */
	d = log_state_device(&f.state, &f.device[2]);
	assert_int_equal(d->state, DEVICE_RETIRED);
	assert_true(id16_equal(&d->replaces, &f.device[0]));
	assert_int_equal(d->epoch_added, 2);
	assert_memory_equal(d->dsk_public, sign_key_public(f.dsk[2]), 32);
	assert_null(log_state_device(&f.state, &f.account));
}

static void
an_entry_lies_as_the_table_says(void **state)
{
	AUTO(log_fixture_clear) struct log_fixture f;
	AUTO(buf_clear) struct buf b = BUF_INIT(LOG_ENTRY_BYTES_MAX);
	struct hash32 hash;

	(void)state;
	log_fixture_init(&f);
	struct log_entry e = log_fixture_create(&f);
	log_fixture_sign(&f, &b, &e);
	assert_int_equal(b.n, LOG_HEAD_BYTES + 3 * 32 + LOG_CREDENTIALS_BYTES + 4 + 64);
	assert_memory_equal(b.p, "CBL1\1\1\0\0", 8);
	assert_memory_equal(b.p + 8, f.account.b, 16);
	assert_int_equal(get_u64(b.p + 24), 0);
	assert_int_equal(get_u64(b.p + 64), 1);
	assert_int_equal(get_u64(b.p + 72), 1700000000000);
	assert_int_equal(get_u32(b.p + 80), b.n - 84 - 64);
	assert_memory_equal(b.p + 84, sign_key_public(f.old->ask), 32);
	assert_int_equal(log_state_apply(&f.state, buf_span(&b), NULL), 0);
	log_entry_hash(&hash, buf_span(&b));
	assert_true(hash32_equal(&hash, &f.state.head));
}

/* Every changed byte of every entry breaks it: all of them are signed. */
struct life {
	struct log_state before; /* what the entry is applied to; shares no memory */
	struct log_device devices[3];
};

static bool
apply_again(void *ctx, struct span in, struct buf *again)
{
	const struct life *l = ctx;
	AUTO(log_state_clear) struct log_state s = l->before;

	s.devices = NULL;
	s.cap_devices = 0;
	if (l->before.n_devices) {
		s.cap_devices = 3;
		s.devices = calloc(3, sizeof *s.devices);
		assert_non_null(s.devices);
		memcpy(s.devices, l->devices, s.n_devices * sizeof *s.devices);
	}
	struct hash32 head = s.head;
	if (log_state_apply(&s, in, NULL) < 0) {
		assert_int_equal(s.length, l->before.length); /* unchanged */
		assert_true(hash32_equal(&s.head, &head));
		return false;
	}
	return buf_append(again, in, NULL) == 0;
}

static void
no_changed_entry_of_a_log_is_believed(void **state)
{
	AUTO(log_fixture_clear) struct log_fixture f;
	AUTO(log_state_clear) struct log_state s;
	AUTO(buf_clear) struct buf all = BUF_INIT(1u << 20);

	(void)state;
	log_fixture_init(&f);
	log_fixture_live(&f, &all);
	log_state_init(&s, &f.account);
	for (struct reader r = reader_of(buf_span(&all)); r.left.n > 0;) {
		struct span entry = read_span(&r, read_u32(&r));
		struct life life = { .before = s };

		if (s.n_devices)
			memcpy(life.devices, s.devices, s.n_devices * sizeof *s.devices);
		struct mutate_count c = mutate_all(entry, apply_again, &life);
		assert_int_equal(c.lived, 0);
		assert_int_equal(c.refused, 9 * entry.n);
		assert_int_equal(log_state_apply(&s, entry, NULL), 0);
	}
	assert_int_equal(s.length, f.state.length);
	assert_true(hash32_equal(&s.head, &f.state.head));
}

static bool
decode_again(void *ctx, struct span in, struct buf *again)
{
	struct log_entry e;

	(void)ctx;
	return log_entry_decode(&e, in, NULL) == 0 && buf_append(again, in, NULL) == 0;
}

static void
cut_entries_are_refused_by_the_decoder_too(void **state)
{
	AUTO(log_fixture_clear) struct log_fixture f;
	AUTO(buf_clear) struct buf all = BUF_INIT(1u << 20);

	(void)state;
	log_fixture_init(&f);
	log_fixture_live(&f, &all);
	for (struct reader r = reader_of(buf_span(&all)); r.left.n > 0;) {
		struct span entry = read_span(&r, read_u32(&r));
		struct mutate_count c = mutate_all(entry, decode_again, NULL);

		assert_true(c.refused >= entry.n);
	}
}

/* Apply @e as it is signed by the keys in force; it must be refused so. */
static void
refused(struct log_fixture *f, const struct log_entry *e, enum err_code code, const char *message)
{
	AUTO(buf_clear) struct buf b = BUF_INIT(LOG_ENTRY_BYTES_MAX);
	struct hash32 head = f->state.head;
	struct err err;

	log_fixture_sign(f, &b, e);
	assert_int_equal(log_state_apply(&f->state, buf_span(&b), &err), -1);
	assert_string_equal(err.msg, message);
	assert_int_equal(err.code, code);
	assert_true(hash32_equal(&head, &f->state.head));
}

static void
an_entry_out_of_place_is_refused(void **state)
{
	AUTO(log_fixture_clear) struct log_fixture f;
	struct log_entry e;

	(void)state;
	log_fixture_init(&f);
	e = log_fixture_add(&f, 0);
	refused(&f, &e, ERR_REFUSED,
		"log entry 0 (add_device): an account is created by its first entry only");
	e = log_fixture_create(&f);
	e.epoch = 2;
	refused(&f, &e, ERR_REFUSED, "log entry 0 (create): it is signed in another epoch");
	e = log_fixture_create(&f);
	e.account.b[0] ^= 1;
	refused(&f, &e, ERR_AUTH, "log entry 0 belongs to another account");
	e = log_fixture_create(&f);
	e.retention_days = 29;
	refused(&f, &e, ERR_REFUSED,
		"log entry 0 (create): versions are kept for at least 30 days");
	e = log_fixture_create(&f);
	log_fixture_put(&f, NULL, &e);
	e = log_fixture_add(&f, 0);
	e.index = 2;
	refused(&f, &e, ERR_CONFLICT, "log entry 2 does not continue the 1 entries known");
	e = log_fixture_add(&f, 0);
	e.before.b[0] ^= 1;
	refused(&f, &e, ERR_CONFLICT, "log entry 1 does not continue the 1 entries known");
	e = log_fixture_create(&f);
	refused(&f, &e, ERR_REFUSED,
		"log entry 1 (create): an account is created by its first entry only");
}

static void
a_full_log_takes_no_further_entry(void **state)
{
	AUTO(log_fixture_clear) struct log_fixture f;

	(void)state;
	log_fixture_init(&f);
	struct log_entry e = log_fixture_create(&f);
	log_fixture_put(&f, NULL, &e);
	f.state.length = LOG_ENTRIES_MAX - 1;
	e = log_fixture_add(&f, 0);
	e.index = f.state.length;
	log_fixture_put(&f, NULL, &e);
	e = log_fixture_add(&f, 1);
	e.index = f.state.length;
	refused(&f, &e, ERR_LIMIT, "the account log is full: it has 1024 entries");
}

static void
an_account_is_made_by_the_key_that_names_it(void **state)
{
	AUTO(log_fixture_clear) struct log_fixture f;
	AUTO(buf_clear) struct buf b = BUF_INIT(LOG_ENTRY_BYTES_MAX);
	struct err err;

	(void)state;
	log_fixture_init(&f);
	struct log_entry e = log_fixture_create(&f);
	log_fixture_keys(&e, f.new); /* another key, which signs quite properly */
	assert_int_equal(log_entry_sign(&b, &e, f.new->ask, NULL, NULL), 0);
	assert_int_equal(log_state_apply(&f.state, buf_span(&b), &err), -1);
	assert_string_equal(err.msg,
			    "log entry 0 (create): the log's first key is not this account's");
	assert_int_equal(err.code, ERR_AUTH);
}

static void
entries_that_make_no_sense_are_refused(void **state)
{
	AUTO(log_fixture_clear) struct log_fixture f;
	struct log_entry e;

	(void)state;
	log_fixture_init(&f);
	e = log_fixture_create(&f);
	log_fixture_put(&f, NULL, &e);
	e = log_fixture_add(&f, 0);
	log_fixture_put(&f, NULL, &e);
	e = log_fixture_add(&f, 0);
	refused(&f, &e, ERR_REFUSED, "log entry 2 (add_device): the device is in the log already");
	e = log_fixture_add(&f, 1);
	memcpy(e.aek_public, f.new->aek_public, 32);
	refused(&f, &e, ERR_REFUSED,
		"log entry 2 (add_device): its keys are not those of the account's epoch");
	e = log_fixture_entry(&f, LOG_REVOKE);
	e.device = f.device[1];
	refused(&f, &e, ERR_REFUSED, "log entry 2 (revoke): there is no such device");
	e = log_fixture_rotate(&f);
	e.n_rotated = 0;
	refused(&f, &e, ERR_REFUSED, "log entry 2 (rotate): it leaves out a device");
	e = log_fixture_entry(&f, LOG_REPLACE_DEVICE);
	e.device = e.old_device = f.device[0];
	refused(&f, &e, ERR_REFUSED,
		"log entry 2 (replace_device): the device replaces another one already");
	e = log_fixture_entry(&f, LOG_REVOKE);
	e.device = f.device[0];
	e.trusted_seq = 5;
	log_fixture_put(&f, NULL, &e);
	e = log_fixture_entry(&f, LOG_RETIRE_DEVICE);
	e.device = f.device[0];
	refused(&f, &e, ERR_REFUSED,
		"log entry 3 (retire_device): the device is not in use any more");
	/* a revoked phone may be replaced, but not trusted any longer than its revocation said */
	e = log_fixture_add(&f, 1);
	log_fixture_put(&f, NULL, &e);
	e = log_fixture_entry(&f, LOG_REPLACE_DEVICE);
	e.device = f.device[1];
	e.old_device = f.device[0];
	e.trusted_seq = 6;
	refused(&f, &e, ERR_REFUSED,
		"log entry 4 (replace_device): it trusts more than the revocation did");
	e.trusted_seq = 5;
	log_fixture_put(&f, NULL, &e);
}

static void
an_account_has_sixty_four_living_devices_at_most(void **state)
{
	AUTO(log_fixture_clear) struct log_fixture f;
	struct log_entry e;

	(void)state;
	log_fixture_init(&f);
	e = log_fixture_create(&f);
	log_fixture_put(&f, NULL, &e);
	for (uint32_t i = 0; i <= LOG_DEVICES_MAX; i++) {
		f.device[0] = test_id('D', i);
		e = log_fixture_add(&f, 0);
		if (i < LOG_DEVICES_MAX)
			log_fixture_put(&f, NULL, &e);
	}
	refused(&f, &e, ERR_REFUSED, "log entry 65 (add_device): the account has too many devices");
	e = log_fixture_entry(&f, LOG_RETIRE_DEVICE);
	e.device = test_id('D', 3);
	log_fixture_put(&f, NULL, &e);
	e = log_fixture_add(&f, 0);
	log_fixture_put(&f, NULL, &e);
	/* all of them fit one rotation */
	e = log_fixture_entry(&f, LOG_RETIRE_DEVICE);
	e.device = test_id('D', 0);
	log_fixture_put(&f, NULL, &e);
	assert_int_equal(log_state_alive(&f.state), LOG_DEVICES_MAX - 1);
}

static void
an_unknown_type_is_refused_by_its_number(void **state)
{
	AUTO(log_fixture_clear) struct log_fixture f;
	AUTO(buf_clear) struct buf b = BUF_INIT(LOG_ENTRY_BYTES_MAX);
	struct log_entry e;
	struct err err;

	(void)state;
	log_fixture_init(&f);
	e = log_fixture_create(&f);
	log_fixture_sign(&f, &b, &e);
	b.p[5] = 11;
	assert_int_equal(log_state_apply(&f.state, buf_span(&b), &err), -1);
	assert_int_equal(err.code, ERR_UNSUPPORTED);
	assert_string_equal(err.msg, "log entry 0: a log entry of the unknown type 11");
	b.p[5] = 1;
	b.p[4] = 2;
	assert_int_equal(log_state_apply(&f.state, buf_span(&b), &err), -1);
	assert_int_equal(err.code, ERR_UNSUPPORTED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_log_of_a_whole_life_says_who_is_who),
		cmocka_unit_test(an_entry_lies_as_the_table_says),
		cmocka_unit_test(no_changed_entry_of_a_log_is_believed),
		cmocka_unit_test(cut_entries_are_refused_by_the_decoder_too),
		cmocka_unit_test(an_entry_out_of_place_is_refused),
		cmocka_unit_test(a_full_log_takes_no_further_entry),
		cmocka_unit_test(an_account_is_made_by_the_key_that_names_it),
		cmocka_unit_test(entries_that_make_no_sense_are_refused),
		cmocka_unit_test(an_account_has_sixty_four_living_devices_at_most),
		cmocka_unit_test(an_unknown_type_is_refused_by_its_number),
	};

	return cmocka_run_group_tests(tests, test_crypto_init, NULL);
}
