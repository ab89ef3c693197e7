/* SPDX-License-Identifier: Apache-2.0 */
#include "a_box.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/os.h"
#include "os_fault.h"

static void
an_identity_is_the_same_after_opening_again(void **state)
{
	const struct identity *id;
	uint8_t item[BOX_ID_BYTES], again[BOX_ID_BYTES];

	(void)state;
	keys_item_id(item, box_identity(my.b)->ids, span_str("contacts"), span_str("x"));
	a_box_again();
	id = box_identity(my.b);
	assert_non_null(id);
	assert_string_equal(id->name, "Laptop");
	assert_string_equal(id->server.url, "https://127.0.0.1:8467");
	assert_int_equal(id->server.tls, IDENTITY_TLS_PIN);
	assert_int_equal(id->server.pin[0], 9);
	assert_int_equal(id->account[0], 0xac);
	assert_int_equal(id->device[0], 0xde);
	assert_int_equal(id->keys.epoch, 1);
	assert_int_equal(id->log_length, 2);
	assert_int_equal(id->acked_seq, 0);
	assert_int_equal(id->acked_head[0], 8);
	assert_false(id->recovery_confirmed);
	keys_item_id(again, id->ids, span_str("contacts"), span_str("x"));
	assert_memory_equal(item, again, sizeof item);
}

static void
the_key_file_is_for_its_owner_only_and_the_database_holds_no_key(void **state)
{
	AUTO(buf_clear) struct buf db = BUF_INIT(16 << 20);
	uint8_t key[SECRET_BYTES];
	struct err err = { 0 };
	struct stat st;

	(void)state;
	assert_int_equal(fstatat(box_home_fd(my.b), "keys", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_rc(os_read_file(box_home_fd(my.b), "box.db", &db, &err), 0, err);
	for (uint8_t fill = 1; fill <= 4; fill++) {
		memset(key, fill, sizeof key);
		assert_null(memmem(db.p, db.n, key, sizeof key));
	}
}

static void
every_flipped_byte_of_the_key_file_is_found(void **state)
{
	AUTO(buf_clear) struct buf keys = BUF_INIT(4096);
	struct err err = { 0 };
	unsigned refused = 0;

	(void)state;
	assert_rc(os_read_file(box_home_fd(my.b), "keys", &keys, &err), 0, err);
	assert_int_equal(keys.n, 304);
	for (size_t i = 0; i < keys.n; i++) {
		struct box *b = NULL;

		/* The public ASK, the DSK and the DPS are checked by what they are used for. */
		if ((i >= 48 && i < 80) || (i >= 112 && i < 144) || (i >= 176 && i < 208))
			continue;
		keys.p[i] ^= 1;
		temp_put(&my.t, "home/keys", buf_span(&keys), 0);
		keys.p[i] ^= 1;
		/* An epoch ahead of the row's is what a crash within a rotation leaves. */
		bool ahead = i >= 40 && i < 48;
		int rc = box_open(&b, my.home, &err);
		box_free(b);
		if (ahead)
			continue;
		if (rc != -1)
			fail_msg("byte %zu", i);
		assert_true(err.code == ERR_AUTH || err.code == ERR_UNSUPPORTED);
		refused++;
	}
	assert_int_equal(refused, 304 - 96 - 8);
	temp_put(&my.t, "home/keys", span_of(keys.p, keys.n - 1), 0);
	struct box *b = NULL;
	assert_int_equal(box_open(&b, my.home, &err), -1);
	assert_int_equal(err.code, ERR_AUTH);
}

static void
an_account_is_set_up_once(void **state)
{
	struct identity_server server = { .url = "https://x" };
	struct identity_new in = { .name = "", .server = &server };
	struct err err = { 0 };

	(void)state;
	assert_int_equal(identity_create(my.b, &in, &err), -1);
	assert_int_equal(err.code, ERR_EXISTS);
}

static void
next_keys(struct identity_keys *out, uint8_t psk_fill)
{
	const struct identity_keys *k = &box_identity(my.b)->keys;
	uint8_t bytes[SECRET_BYTES];
	struct err err = { 0 };

	*out = *k;
	out->epoch = k->epoch + 1;
	memset(bytes, psk_fill, sizeof bytes);
	assert_rc(secret_from_bytes(&out->psk, bytes, &err), 0, err);
}

static void
a_rotation_is_old_or_new_whatever_fails(void **state)
{
	static const uint8_t head[BOX_HASH_BYTES] = { 0x77 };
	struct os_fault fault;
	unsigned nth = 0;

	(void)state;
	do {
		struct identity_keys next;
		struct err err = { 0 };
		uint64_t before = box_identity(my.b)->keys.epoch;

		next_keys(&next, (uint8_t)(0x20 + nth));
		os_fault_at(&fault, ++nth, EIO, OS_FAULT_ONCE);
		int rc = identity_rotate(my.b, &next, 3, head, &err);
		os_fault_end(&fault);
		secret_free(next.psk);
		assert_int_equal(rc, fault.fired ? -1 : 0);
		if (rc < 0) {
			assert_int_equal(box_identity(my.b)->keys.epoch, before);
			assert_int_equal(box_identity(my.b)->log_length, 2);
		}
		a_box_again();
		uint64_t now = box_identity(my.b)->keys.epoch;
		assert_true(now == before || now == before + 1);
		if (rc == 0)
			assert_int_equal(box_identity(my.b)->log_length, 3);
	} while (fault.fired);
	assert_true(nth > 4);
}

static void
heads_of_other_devices_are_told_in_order(void **state)
{
	struct identity_device heads[IDENTITY_DEVICES_MAX];
	struct identity_device d = { .device = { 9 }, .seq = 5 };
	struct err err = { 0 };
	size_t n;

	(void)state;
	assert_rc(identity_put_head(my.b, &d, &err), 0, err);
	d = (struct identity_device){ .device = { 3 }, .seq = 1 };
	assert_rc(identity_put_head(my.b, &d, &err), 0, err);
	d.seq = 2;
	assert_rc(identity_put_head(my.b, &d, &err), 0, err);
	assert_rc(identity_heads(heads, &n, my.b, &err), 0, err);
	assert_int_equal(n, 2);
	assert_int_equal(heads[0].device[0], 3);
	assert_int_equal(heads[0].seq, 2);
	assert_int_equal(heads[1].seq, 5);
	assert_rc(identity_drop_head(my.b, d.device, &err), 0, err);
	assert_rc(identity_heads(heads, &n, my.b, &err), 0, err);
	assert_int_equal(n, 1);
}

static void
replaced_devices_are_told_nearest_first(void **state)
{
	struct identity_device got[8], d = { .device = { 9 }, .seq = 5 };
	struct err err = { 0 };
	size_t n;

	(void)state;
	assert_rc(identity_put_replaced(my.b, &d, &err), 0, err);
	d = (struct identity_device){ .device = { 3 }, .seq = 1 };
	assert_rc(identity_put_replaced(my.b, &d, &err), 0, err);
	assert_rc(identity_replaced(got, &n, my.b, &err), 0, err);
	assert_int_equal(n, 2);
	assert_int_equal(got[0].device[0], 9);
	assert_int_equal(got[1].device[0], 3);
}

static void
what_was_rolled_back_is_not_told_either(void **state)
{
	static const uint8_t head[BOX_HASH_BYTES] = { 1 };
	struct err err = { 0 };

	(void)state;
	assert_rc(box_begin(my.b, &err), 0, err);
	assert_rc(identity_set_acked(my.b, 9, head, 1, &err), 0, err);
	assert_int_equal(box_identity(my.b)->acked_seq, 9);
	box_rollback(my.b);
	assert_int_equal(box_identity(my.b)->acked_seq, 0);
	assert_string_equal(box_identity(my.b)->name, "Laptop");
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, a_box_setup, a_box_teardown)
	const struct CMUnitTest tests[] = {
		T(an_identity_is_the_same_after_opening_again),
		T(the_key_file_is_for_its_owner_only_and_the_database_holds_no_key),
		T(every_flipped_byte_of_the_key_file_is_found),
		T(an_account_is_set_up_once),
		T(a_rotation_is_old_or_new_whatever_fails),
		T(heads_of_other_devices_are_told_in_order),
		T(replaced_devices_are_told_nearest_first),
		T(what_was_rolled_back_is_not_told_either),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
