/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever a server gives, only what the device signed and sealed comes through. */
#include "made_cloud.h"

#include <stdio.h>

#define ANNA "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Anna\r\nTEL:1\r\nEND:VCARD\r\n"
#define BEN  "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Ben\r\nTEL:2\r\nEND:VCARD\r\n"
#define CLEO "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Cleo\r\nNOTE:a long note\r\nEND:VCARD\r\n"

/* Two batches of device 0: four contacts and a document; then a new Anna and no Dora. */
struct fixture {
	struct made_account *account;
	struct made_cloud cloud;
	struct fetch *fetch;
	/* What the sink saw. */
	unsigned n_opened, n_refused;
	char names[512];  /* of those opened, in order, blank behind each */
	char why[1024];   /* of those refused */
	struct buf bytes; /* of the last one opened, if `payloads` */
	struct opened last;
};

static const struct made_item first[] = {
	{ "contacts", "anna", "Anna", ANNA, NULL, false, NULL },
	{ "contacts", "ben", "Ben", BEN, NULL, false, NULL },
	{ "contacts", "cleo", "Cleo", CLEO, "a long note", false, NULL },
	{ "contacts", "dora", "Dora", BEN, NULL, false, NULL },
	{ "documents", "anna", "anna.txt", "hello", NULL, false, NULL },
};
static const struct made_item second[] = {
	{ "contacts", "anna", "Anna B", ANNA, NULL, false, NULL },
	{ "contacts", "dora", "Dora", NULL, NULL, false, NULL },
};

static int
set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);
	struct opener_keys keys;
	struct fetch_source source;

	assert_non_null(f);
	f->account = made_account_new(3);
	made_cloud_init(&f->cloud, f->account, 0);
	made_batch(&f->cloud, first, N_ELEMENTS(first));
	made_batch(&f->cloud, second, N_ELEMENTS(second));
	keys = made_keys(&f->cloud);
	source = made_source(&f->cloud);
	assert_int_equal(fetch_new(&f->fetch, &keys, &source, NULL), 0);
	f->bytes = (struct buf)BUF_INIT(1u << 20);
	*state = f;
	return 0;
}

static int
tear_down(void **state)
{
	struct fixture *f = *state;

	fetch_free(f->fetch);
	made_cloud_clear(&f->cloud);
	made_account_free(f->account);
	buf_clear(&f->bytes);
	opened_clear(&f->last);
	free(f);
	return 0;
}

static int
see(void *ctx, const struct fetched *it, struct err *err)
{
	struct fixture *f = ctx;
	size_t n = strlen(f->names), m = strlen(f->why);

	(void)err;
	if (!it->record) {
		f->n_refused++;
		snprintf(f->why + m, sizeof f->why - m, "%s; ", it->why->msg);
		return 0;
	}
	f->n_opened++;
	snprintf(f->names + n, sizeof f->names - n, "%.*s ", SPAN_ARGS(it->record->native_id));
	opened_clear(&f->last);
	return opened_copy(&f->last, it, err);
}

/* Fetch all that the list says. */
static void
fetch_all(struct fixture *f)
{
	AUTO(listing_clear) struct listing want = { 0 };
	const struct listing *live;
	struct fetch_sink sink = { f, see, NULL };

	f->n_opened = f->n_refused = 0;
	f->names[0] = f->why[0] = '\0';
	assert_int_equal(fetch_list(f->fetch, NULL), 0);
	live = fetch_live(f->fetch);
	for (size_t i = 0; i < live->n; i++)
		assert_int_equal(listing_add(&want, &live->items[i], NULL), 0);
	assert_int_equal(fetch_records(f->fetch, &want, FETCH_LIVE, &sink, NULL), 0);
}

static void
what_was_backed_up_comes_back(void **state)
{
	struct fixture *f = *state;

	fetch_all(f);
	assert_string_equal(fetch_alarm(f->fetch), "");
	assert_int_equal(f->n_opened, 4);
	assert_int_equal(f->n_refused, 0);
	assert_string_equal(f->names, "ben cleo anna anna ");
	assert_int_equal(f->cloud.n_requests, 2);
	assert_int_equal(fetch_newest_seq(f->fetch), 2);
	assert_int_equal(f->last.saved_unix_ms, 2000);
}

static struct err
payload_of(struct fixture *f, const struct record *r)
{
	struct payload_sink sink = { &f->bytes, payload_to_buf };
	struct err err = { 0 };

	buf_reset(&f->bytes);
	if (fetch_payload(f->fetch, r, &sink, &err) == 0)
		assert_int_equal(err.code, ERR_NONE);
	return err;
}

static void
fetch_one_of(struct fixture *f, const char *app, const char *native_id, int expected)
{
	struct fetch_sink sink = { f, see, NULL };

	f->n_opened = f->n_refused = 0;
	f->why[0] = '\0';
	assert_int_equal(fetch_item(f->fetch, span_str(app), span_str(native_id), &sink, NULL),
			 expected);
}

static void
one_item_comes_in_one_request_and_its_chunk_in_another(void **state)
{
	struct fixture *f = *state;

	fetch_one_of(f, "contacts", "cleo", 0);
	assert_int_equal(f->n_opened, 1);
	assert_int_equal(payload_of(f, &f->last.record).code, ERR_NONE);
	assert_string_equal(buf_str(&f->bytes), CLEO);
	assert_int_equal(f->cloud.n_requests, 2);
}

static void
an_item_that_was_removed_is_proven_absent(void **state)
{
	struct fixture *f = *state;

	fetch_one_of(f, "contacts", "dora", FETCH_ABSENT);
	fetch_one_of(f, "contacts", "never", FETCH_ABSENT);
	assert_int_equal(f->n_opened + f->n_refused, 0);
}

static void
chunks_of_many_items_come_in_one_request(void **state)
{
	struct fixture *f = *state;
	struct opened both[2];

	fetch_one_of(f, "contacts", "cleo", 0);
	both[0] = f->last;
	both[1] = f->last;
	assert_int_equal(fetch_ahead(f->fetch, both, 2, NULL), 0);
	assert_int_equal(f->cloud.n_objects_asked, 1);
	assert_int_equal(payload_of(f, &f->last.record).code, ERR_NONE);
	assert_int_equal(f->cloud.n_requests, 2);
}

/* Forged lists. */

static void
assert_alarm(struct fixture *f, const char *words)
{
	fetch_all(f);
	assert_non_null(strstr(fetch_alarm(f->fetch), words));
}

static struct wire_item *
listed(struct fixture *f, const char *app, const char *native_id)
{
	struct id16 id;

	keys_item_id(id.b, f->account->devices[0].ids, span_str(app), span_str(native_id));
	for (size_t i = 0; i < f->cloud.live.n; i++)
		if (id16_equal(&f->cloud.live.items[i].item, &id))
			return &f->cloud.live.items[i];
	fail_msg("not listed");
	return NULL;
}

static void
an_item_left_out_of_the_list_is_an_alarm_and_the_others_come(void **state)
{
	struct fixture *f = *state;
	struct wire_item *ben = listed(f, "contacts", "ben");

	memmove(ben, ben + 1,
		(size_t)(f->cloud.live.items + f->cloud.live.n - ben - 1) * sizeof *ben);
	f->cloud.live.n--;
	assert_alarm(f, "items may be missing");
	assert_int_equal(f->n_opened, 3);
	assert_int_equal(f->n_refused, 0);
}

static void
an_old_version_listed_as_the_newest_is_an_alarm(void **state)
{
	struct fixture *f = *state;

	*listed(f, "contacts", "anna") = made_find(&f->cloud, 0, "contacts", "anna")->entry;
	assert_alarm(f, "old ones");
	assert_int_equal(f->n_opened, 4);
}

static void
a_removed_item_listed_as_live_is_an_alarm(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(listing_add(&f->cloud.live,
				     &made_find(&f->cloud, 0, "contacts", "dora")->entry, NULL),
			 0);
	assert_alarm(f, "");
	assert_string_not_equal(fetch_alarm(f->fetch), "");
	assert_int_equal(f->n_opened, 5);
	f->cloud.live.items[f->cloud.live.n - 1] =
		made_find(&f->cloud, 1, "contacts", "dora")->entry;
	assert_alarm(f, "removed item");
}

static void
an_older_batch_shown_as_the_newest_is_an_alarm(void **state)
{
	struct fixture *f = *state;

	f->cloud.newest = 0;
	assert_alarm(f, "but the newest is 1");
	assert_int_equal(fetch_newest_seq(f->fetch), 1);
}

static void
a_list_that_is_cut_short_is_an_alarm_and_what_it_names_comes(void **state)
{
	struct fixture *f = *state;

	f->cloud.list_is_cut = true;
	assert_alarm(f, "cut short");
	assert_int_equal(f->n_opened, 4);
}

static void
a_list_without_its_batch_is_an_alarm(void **state)
{
	struct fixture *f = *state;

	buf_reset(&f->cloud.batches[1].prefix);
	fetch_all(f);
	assert_non_null(strstr(fetch_alarm(f->fetch), "no batch"));
}

static void
a_newest_batch_that_was_tampered_with_is_an_alarm_at_every_bit(void **state)
{
	struct fixture *f = *state;
	struct buf *prefix = &f->cloud.batches[1].prefix;

	for (size_t bit = 0; bit < 8 * prefix->n; bit += 7) {
		prefix->p[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_int_equal(fetch_list(f->fetch, NULL), 0);
		assert_string_not_equal(fetch_alarm(f->fetch), "");
		prefix->p[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	assert_int_equal(fetch_list(f->fetch, NULL), 0);
	assert_string_equal(fetch_alarm(f->fetch), "");
}

/* Forged records. */

static void
every_flipped_bit_of_a_record_is_refused_and_the_others_come(void **state)
{
	struct fixture *f = *state;
	struct buf *frame = &made_find(&f->cloud, 0, "contacts", "ben")->frame;

	for (size_t bit = 0; bit < 8 * frame->n; bit += 5) {
		frame->p[bit / 8] ^= (uint8_t)(1u << bit % 8);
		fetch_all(f);
		assert_int_equal(f->n_opened, 3);
		assert_int_equal(f->n_refused, 1);
		frame->p[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	fetch_all(f);
	assert_int_equal(f->n_opened, 4);
}

static void
swap(struct buf *a, struct buf *b)
{
	struct buf t = *a;

	*a = *b;
	*b = t;
}

static void
records_swapped_between_items_are_both_refused(void **state)
{
	struct fixture *f = *state;

	swap(&made_find(&f->cloud, 0, "contacts", "ben")->frame,
	     &made_find(&f->cloud, 0, "contacts", "cleo")->frame);
	fetch_all(f);
	assert_int_equal(f->n_opened, 2);
	assert_int_equal(f->n_refused, 2);
	assert_non_null(strstr(f->why, "another item's record"));
}

static void
an_old_record_in_the_place_of_the_new_one_is_refused(void **state)
{
	struct fixture *f = *state;

	swap(&made_find(&f->cloud, 1, "contacts", "anna")->frame,
	     &made_find(&f->cloud, 0, "contacts", "anna")->frame);
	fetch_all(f);
	assert_int_equal(f->n_opened, 3);
	assert_non_null(strstr(f->why, "damaged or another one"));
}

static int
leave_out_records(void *ctx, struct wire_frame *f)
{
	(void)ctx;
	return f->kind == WIRE_FRAME_RECORD;
}

static int
leave_out_batches(void *ctx, struct wire_frame *f)
{
	(void)ctx;
	return f->kind == WIRE_FRAME_BATCH;
}

static int
say_gone(void *ctx, struct wire_frame *f)
{
	(void)ctx;
	if (f->kind == WIRE_FRAME_RECORD && f->seq == 1)
		f->kind = WIRE_FRAME_GONE;
	return 0;
}

static void
records_that_do_not_come_are_named(void **state)
{
	struct fixture *f = *state;

	f->cloud.bend_frame = leave_out_records;
	fetch_all(f);
	assert_int_equal(f->n_opened, 0);
	assert_int_equal(f->n_refused, 4);
	assert_non_null(strstr(f->why, "did not give it"));
	f->cloud.bend_frame = say_gone;
	fetch_all(f);
	assert_int_equal(f->n_opened, 1);
	assert_int_equal(f->n_refused, 3);
	assert_non_null(strstr(f->why, "gone on the server"));
}

static void
records_without_their_batch_are_refused(void **state)
{
	struct fixture *f = *state;

	f->cloud.bend_frame = leave_out_batches;
	fetch_all(f);
	assert_int_equal(f->n_refused, 3); /* the newest batch's prefix came with the list */
	assert_non_null(strstr(f->why, "without its batch"));
}

static void
one_item_that_is_damaged_is_named(void **state)
{
	struct fixture *f = *state;
	struct buf *frame = &made_find(&f->cloud, 0, "contacts", "ben")->frame;

	frame->p[frame->n - 1] ^= 1;
	fetch_one_of(f, "contacts", "ben", 0);
	assert_int_equal(f->n_opened, 0);
	assert_int_equal(f->n_refused, 1);
	f->cloud.bend_frame = leave_out_records;
	fetch_one_of(f, "contacts", "cleo", 0);
	assert_int_equal(f->n_refused, 1);
}

static void
one_item_of_a_forged_list_proves_nothing(void **state)
{
	struct fixture *f = *state;

	*listed(f, "contacts", "anna") = made_find(&f->cloud, 0, "contacts", "anna")->entry;
	fetch_one_of(f, "contacts", "anna", FETCH_UNPROVEN);
	f->cloud.newest = 0;
	fetch_one_of(f, "contacts", "cleo", FETCH_UNPROVEN);
}

/* A cloud of another device or account, given as this one's. */
static void
assert_foreign_is_refused(struct fixture *f, struct made_account *account, size_t device)
{
	struct made_cloud other;
	struct opener_keys keys = made_keys(&f->cloud);
	struct fetch_source source;
	AUTO(fetch_free) struct fetch *fetch = NULL;
	struct fetch *mine = f->fetch;

	made_cloud_init(&other, account, device);
	made_batch(&other, first, N_ELEMENTS(first));
	source = made_source(&other);
	assert_int_equal(fetch_new(&fetch, &keys, &source, NULL), 0);
	f->fetch = fetch;
	fetch_all(f);
	assert_int_equal(f->n_opened, 0);
	assert_int_equal(f->n_refused, N_ELEMENTS(first));
	assert_string_not_equal(fetch_alarm(fetch), "");
	f->fetch = mine;
	made_cloud_clear(&other);
}

static void
another_devices_cloud_is_refused(void **state)
{
	struct fixture *f = *state;

	assert_foreign_is_refused(f, f->account, 1);
	assert_non_null(strstr(f->why, "another device"));
}

static void
another_accounts_cloud_is_refused(void **state)
{
	struct fixture *f = *state;
	struct made_account *other = made_account_new(1);

	assert_foreign_is_refused(f, other, 0);
	assert_non_null(strstr(f->why, "another account"));
	made_account_free(other);
}

static void
a_batch_after_the_device_was_shut_out_is_void(void **state)
{
	struct fixture *f = *state;
	struct log_device *d = &f->account->devices[0].log;

	d->state = DEVICE_REVOKED;
	d->trusted_seq = 1;
	fetch_all(f);
	assert_non_null(strstr(fetch_alarm(f->fetch), "shut out"));
	assert_int_equal(f->n_opened, 0); /* nor is batch 1 the trusted one: its head is another */
	d->trusted_seq = 2;
	d->trusted_head = f->cloud.head;
	fetch_all(f);
	assert_string_equal(fetch_alarm(f->fetch), "");
	assert_int_equal(f->n_opened, 4);
}

/* Old versions. */

static void
old_versions_are_proven_by_their_path(void **state)
{
	struct fixture *f = *state;
	AUTO(listing_clear) struct listing versions = { 0 };
	struct id16 folder = opener_folder_id(fetch_opener(f->fetch), span_str("contacts"));
	struct id16 item =
		opener_item_id(fetch_opener(f->fetch), span_str("contacts"), span_str("anna"));
	struct fetch_sink sink = { f, see, NULL };

	assert_int_equal(fetch_versions(&versions, f->fetch, &folder, &item, NULL), 0);
	assert_int_equal(versions.n, 2);
	assert_int_equal(fetch_records(f->fetch, &versions, FETCH_VERSIONS, &sink, NULL), 0);
	assert_int_equal(f->n_opened, 2);
	for (size_t i = 0; i < 2; i++) { /* a wrong sibling */
		f->cloud.batches[0].records[0].path.nodes[i].b[0] ^= 1;
		f->n_opened = f->n_refused = 0;
		assert_int_equal(fetch_records(f->fetch, &versions, FETCH_VERSIONS, &sink, NULL),
				 0);
		assert_int_equal(f->n_opened, 1);
		assert_int_equal(f->n_refused, 1);
		assert_non_null(strstr(f->why, "not one that the device signed"));
		f->cloud.batches[0].records[0].path.nodes[i].b[0] ^= 1;
	}
}

/* Chunks. */

static void
forget_chunks(struct fixture *f)
{
	struct opened none = { .why = &(struct err){ 0 } };

	assert_int_equal(fetch_ahead(f->fetch, &none, 1, NULL), 0);
}

static struct buf *
cleos_object(struct fixture *f)
{
	assert_int_equal(f->cloud.n_objects, 1);
	return &f->cloud.objects[0].bytes;
}

static void
every_flipped_bit_of_a_chunk_is_refused(void **state)
{
	struct fixture *f = *state;
	struct buf *object = cleos_object(f);

	fetch_one_of(f, "contacts", "cleo", 0);
	for (size_t bit = 0; bit < 8 * object->n; bit += 3) {
		struct err err;

		object->p[bit / 8] ^= (uint8_t)(1u << bit % 8);
		forget_chunks(f);
		err = payload_of(f, &f->last.record);
		assert_true(err.code == ERR_AUTH || err.code == ERR_FORMAT ||
			    err.code == ERR_UNSUPPORTED);
		assert_int_equal(f->bytes.n > strlen(CLEO) - 1, 0);
		object->p[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
}

static void
a_chunk_that_is_gone_is_said_at_its_item(void **state)
{
	struct fixture *f = *state;
	struct err err;

	fetch_one_of(f, "contacts", "cleo", 0);
	buf_reset(cleos_object(f));
	err = payload_of(f, &f->last.record);
	assert_int_equal(err.code, ERR_FORMAT);
	assert_non_null(strstr(err.msg, "gone on the server"));
}

static void
another_chunk_in_its_place_is_refused(void **state)
{
	struct fixture *f = *state;
	static const struct made_item fay = { "contacts",  "fay", "Fay", CLEO,
					      "END:VCARD", false, NULL };

	made_batch(&f->cloud, &fay, 1);
	fetch_one_of(f, "contacts", "cleo", 0);
	swap(&f->cloud.objects[0].bytes, &f->cloud.objects[1].bytes);
	assert_int_equal(payload_of(f, &f->last.record).code, ERR_AUTH);
}

static void
chunks_of_a_replaced_device_open_and_those_of_any_other_do_not(void **state)
{
	struct fixture *f = *state;
	static const struct made_item gina = { "contacts",    "gina", "Gina", CLEO,
					       "a long note", true,   NULL };
	struct log_device *old = &f->account->devices[1].log;

	made_batch(&f->cloud, &gina, 1);
	fetch_one_of(f, "contacts", "gina", 0);
	assert_int_equal(payload_of(f, &f->last.record).code, ERR_AUTH);
	old->state = DEVICE_REPLACED;
	forget_chunks(f);
	old->replaced_by = f->account->devices[0].log.id;
	fetch_one_of(f, "contacts", "gina", 0);
	assert_int_equal(payload_of(f, &f->last.record).code, ERR_NONE);
	assert_string_equal(buf_str(&f->bytes), CLEO);
	old->replaced_by = f->account->devices[2].log.id;
	forget_chunks(f);
	assert_int_equal(payload_of(f, &f->last.record).code, ERR_AUTH);
}

static void
an_empty_cloud_is_no_alarm(void **state)
{
	struct fixture *f = *state;
	struct made_cloud empty;
	struct opener_keys keys;
	struct fetch_source source;
	AUTO(fetch_free) struct fetch *fetch = NULL;

	made_cloud_init(&empty, f->account, 1);
	keys = made_keys(&empty);
	source = made_source(&empty);
	assert_int_equal(fetch_new(&fetch, &keys, &source, NULL), 0);
	assert_int_equal(fetch_list(fetch, NULL), 0);
	assert_string_equal(fetch_alarm(fetch), "");
	assert_int_equal(fetch_live(fetch)->n, 0);
	made_cloud_clear(&empty);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_was_backed_up_comes_back),
		TEST(one_item_comes_in_one_request_and_its_chunk_in_another),
		TEST(an_item_that_was_removed_is_proven_absent),
		TEST(chunks_of_many_items_come_in_one_request),
		TEST(an_item_left_out_of_the_list_is_an_alarm_and_the_others_come),
		TEST(an_old_version_listed_as_the_newest_is_an_alarm),
		TEST(a_removed_item_listed_as_live_is_an_alarm),
		TEST(an_older_batch_shown_as_the_newest_is_an_alarm),
		TEST(a_list_that_is_cut_short_is_an_alarm_and_what_it_names_comes),
		TEST(a_list_without_its_batch_is_an_alarm),
		TEST(a_newest_batch_that_was_tampered_with_is_an_alarm_at_every_bit),
		TEST(every_flipped_bit_of_a_record_is_refused_and_the_others_come),
		TEST(records_swapped_between_items_are_both_refused),
		TEST(an_old_record_in_the_place_of_the_new_one_is_refused),
		TEST(records_that_do_not_come_are_named),
		TEST(records_without_their_batch_are_refused),
		TEST(one_item_that_is_damaged_is_named),
		TEST(one_item_of_a_forged_list_proves_nothing),
		TEST(another_devices_cloud_is_refused),
		TEST(another_accounts_cloud_is_refused),
		TEST(a_batch_after_the_device_was_shut_out_is_void),
		TEST(old_versions_are_proven_by_their_path),
		TEST(every_flipped_bit_of_a_chunk_is_refused),
		TEST(a_chunk_that_is_gone_is_said_at_its_item),
		TEST(another_chunk_in_its_place_is_refused),
		TEST(chunks_of_a_replaced_device_open_and_those_of_any_other_do_not),
		TEST(an_empty_cloud_is_no_alarm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
