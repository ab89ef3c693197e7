/* SPDX-License-Identifier: Apache-2.0 */
/* a_box: see a_box.h. */
#include "a_box.h"

#include <stdio.h>
#include <stdlib.h>

#include "box/content.h"
#include "box/journal.h"
#include "os/os.h"

struct a_box my;

void
a_box_assert_rc(int rc, int expected, const struct err *err, const char *file, int line)
{
	if (rc != expected)
		print_error("%d instead of %d: %s\n", rc, expected, rc < 0 ? err->msg : "");
	_assert_int_equal((uintmax_t)(intmax_t)rc, (uintmax_t)(intmax_t)expected, file, line);
}

void
a_box_open(void)
{
	struct err err = { 0 };

	temp_make(&my.t);
	snprintf(my.home, sizeof my.home, "%s/home", my.t.path);
	assert_rc(crypto_init(&err), 0, err);
	assert_rc(box_open(&my.b, my.home, &err), 0, err);
}

static void
secret_of(struct secret **out, uint8_t fill)
{
	uint8_t bytes[SECRET_BYTES];
	struct err err = { 0 };

	memset(bytes, fill, sizeof bytes);
	assert_rc(secret_from_bytes(out, bytes, &err), 0, err);
}

void
a_box_init(void)
{
	static const uint8_t account[BOX_ID_BYTES] = { 0xac }, device[BOX_ID_BYTES] = { 0xde };
	static const uint8_t aek_private_fill = 5;
	uint8_t log_head[BOX_HASH_BYTES] = { 7 }, first_head[BOX_HASH_BYTES] = { 8 };
	struct identity_server server = { .url = "https://127.0.0.1:8467", .pin = { 9 } };
	struct identity_keys keys = { .epoch = 1 };
	struct secret *aek = NULL;
	struct err err = { 0 };

	a_box_open();
	secret_of(&keys.dsk_seed, 1);
	secret_of(&keys.psk, 2);
	secret_of(&keys.dps, 3);
	secret_of(&keys.root, 4);
	secret_of(&aek, aek_private_fill);
	assert_rc(keys_seal_public(keys.aek_public, aek, &err), 0, err);
	struct identity_new in = {
		.account = account,
		.device = device,
		.name = "Laptop",
		.server = &server,
		.keys = &keys,
		.log_length = 2,
		.log_head = log_head,
		.first_head = first_head,
	};
	assert_rc(identity_create(my.b, &in, &err), 0, err);
	secret_free(keys.dsk_seed);
	secret_free(keys.psk);
	secret_free(keys.dps);
	secret_free(keys.root);
	secret_free(aek);
}

void
a_box_again(void)
{
	struct err err = { 0 };

	box_free(my.b);
	my.b = NULL;
	assert_rc(box_open(&my.b, my.home, &err), 0, err);
}

void
a_box_app(const char *name, const char *adapter, const char *only)
{
	char path[4200];
	struct err err = { 0 };

	app_session_free(my.s);
	app_free(my.app);
	my.s = NULL;
	my.app = NULL;
	snprintf(path, sizeof path, "%s/app%s%s", my.t.path, only ? "/" : "", only ? only : "");
	assert_rc(app_new(&my.app, name, adapter, path, &err), 0, err);
	assert_rc(box_app_put(my.b, my.app, &err), 0, err);
	assert_rc(app_session_open(&my.s, my.app, &err), 0, err);
}

void
a_box_close(void)
{
	app_session_free(my.s);
	app_free(my.app);
	box_free(my.b);
	temp_remove(&my.t);
	my = (struct a_box){ 0 };
}

struct inventory_counts
a_box_refresh(void)
{
	struct inventory_counts counts;
	struct err err = { 0 };

	assert_rc(inventory_refresh(&counts, my.b, my.s, NULL, NULL, &err), 0, err);
	return counts;
}

static int
note_item(void *ctx, const struct inventory_item *item, struct err *err)
{
	struct buf *out = ctx;

	return buf_append_fmt(out, err, "%.*s: %.*s\n", SPAN_ARGS(item->native_id),
			      SPAN_ARGS(item->name));
}

const char *
a_box_items(void)
{
	static char text[65536];
	AUTO(buf_clear) struct buf b = BUF_INIT(sizeof text - 1);
	struct err err = { 0 };

	assert_rc(inventory_each(my.b, my.app->name, note_item, &b, &err), 0, err);
	snprintf(text, sizeof text, "%s", buf_str(&b));
	return text;
}

int
a_box_add(const char *native_id)
{
	AUTO(inventory_found_clear) struct inventory_found f = INVENTORY_FOUND_INIT;
	struct err err = { 0 };

	assert_rc(inventory_types(my.b, my.s, span_str(native_id), &err), 0, err);
	assert_rc(inventory_get(&f, my.b, my.app->name, span_str(native_id), &err), 0, err);
	int rc = shortcut_add(my.b, &f.item, false, &err);
	assert_true(rc >= 0);
	return rc;
}

const char *
a_box_state(const char *native_id)
{
	AUTO(shortcut_found_clear) struct shortcut_found f = SHORTCUT_FOUND_INIT;
	struct err err = { 0 };

	if (shortcut_find(&f, my.b, my.app->name, span_str(native_id), &err) < 0) {
		assert_int_equal(err.code, ERR_NOT_FOUND);
		return "none";
	}
	return shortcut_state_name(f.shortcut.state);
}

void
a_box_save(const char *native_id)
{
	AUTO(inventory_found_clear) struct inventory_found f = INVENTORY_FOUND_INIT;
	AUTO(buf_clear) struct buf bytes = BUF_INIT(64 << 20);
	const struct identity *id = box_identity(my.b);
	struct journal_change c = { .saved = { .seq = id->acked_seq + 1 } };
	struct journal_batch batch = { .seq = id->acked_seq + 1, .epoch = 1 };
	struct state_store store;
	struct hash32 root;
	struct id16 item;
	uint64_t before, after;
	struct err err = { 0 };

	assert_rc(inventory_get(&f, my.b, my.app->name, span_str(native_id), &err), 0, err);
	assert_rc(item_read_all(&bytes, my.s, &f.item.place, &err), 0, err);
	content_of(c.saved.content, id->ids, buf_span(&bytes));
	assert_rc(inventory_put_content(my.b, my.app->name, f.item.native_id, &f.item.place,
					c.saved.content, &err),
		  0, err);
	memcpy(c.saved.item, f.item.item, BOX_ID_BYTES);
	c.saved.app = my.app->name;
	c.saved.native_id = f.item.native_id;
	c.saved.size = f.item.size;
	c.saved.sealed_bytes = 128;
	os_random(c.saved.leaf, sizeof c.saved.leaf);
	os_random(batch.head, sizeof batch.head);
	memcpy(item.b, f.item.item, sizeof item.b);
	assert_rc(journal_begin(my.b, &err), 0, err);
	assert_rc(journal_add_change(my.b, &c, &err), 0, err);
	assert_rc(journal_counts(&before, &after, my.b, &err), 0, err);
	journal_store(&store, my.b);
	assert_rc(state_update(&root, &store, &item, 1, before, after, &err), 0, err);
	assert_rc(journal_seal(my.b, &batch, span_str("sealed"), &err), 0, err);
	assert_rc(journal_ack(my.b, &batch, 1700000000000, &err), 0, err);
}

int
a_box_setup(void **state)
{
	(void)state;
	a_box_init();
	return 0;
}

int
a_box_teardown(void **state)
{
	(void)state;
	a_box_close();
	return 0;
}
