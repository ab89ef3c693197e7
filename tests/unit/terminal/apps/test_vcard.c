/* SPDX-License-Identifier: Apache-2.0 */
#include "temp.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "apps/apps.h"
#include "os_fault.h"

#define CARD(fn, more) "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:" fn "\r\n" more "END:VCARD\r\n"
#define ANNA           CARD("Anna", "UID:anna\r\nTEL:1\r\n")
#define BEN            CARD("Ben", "UID:ben\r\nTEL:2\r\n")
#define CEM            CARD("Cem", "TEL:3\r\n")

#define ITEMS_MAX 64

/* What a scan gave. */
struct found {
	char source[300];
	char uid[100];
	char name[300];
	struct app_place place;
	char *bytes;
	size_t n_bytes;
	uint8_t content_id[APP_CONTENT_ID_BYTES];
};

static struct temp t;
static struct app *app;
static struct app_session *s;
static struct found items[ITEMS_MAX];
static size_t n_items;
static char refused[4096];

static void
open_app(const char *path)
{
	struct err err = { 0 };
	char full[4200];

	snprintf(full, sizeof full, "%s/%s", t.path, path);
	assert_int_equal(app_new(&app, "contacts", "vcard", full, &err), 0);
	if (app_session_open(&s, app, &err) < 0)
		fail_msg("%s", err.msg);
}

static void
close_app(void)
{
	app_session_free(s);
	app_free(app);
	s = NULL;
	app = NULL;
}

static int
setup(void **state)
{
	(void)state;
	temp_make(&t);
	return 0;
}

static void
forget_items(void)
{
	for (size_t i = 0; i < n_items; i++)
		free(items[i].bytes);
	n_items = 0;
	refused[0] = '\0';
}

static int
teardown(void **state)
{
	(void)state;
	close_app();
	forget_items();
	temp_remove(&t);
	return 0;
}

static int
take_item(void *ctx, const struct app_item *item, struct err *err)
{
	struct found *f = &items[n_items++];

	(void)ctx;
	(void)err;
	assert_true(n_items <= ITEMS_MAX);
	memset(f, 0, sizeof *f);
	snprintf(f->source, sizeof f->source, "%s", item->place.source);
	snprintf(f->uid, sizeof f->uid, "%.*s", SPAN_ARGS(item->uid));
	snprintf(f->name, sizeof f->name, "%.*s", SPAN_ARGS(item->name));
	f->place = item->place;
	f->place.source = f->source;
	f->bytes = malloc(item->bytes.n + 1);
	assert_non_null(f->bytes);
	memcpy(f->bytes, item->bytes.p, item->bytes.n);
	f->bytes[item->bytes.n] = '\0';
	f->n_bytes = item->bytes.n;
	memcpy(f->content_id, item->content_id, sizeof f->content_id);
	return 0;
}

static int
take_refused(void *ctx, const struct app_refused *r, struct err *err)
{
	size_t n = strlen(refused);

	(void)ctx;
	(void)err;
	snprintf(refused + n, sizeof refused - n, "%s\n", r->why->msg);
	return 0;
}

static int
take_source(void *ctx, const struct app_source *source, struct err *err)
{
	return s->adapter->read_source(s, source, take_item, take_refused, ctx, err);
}

static void
scan(void)
{
	struct err err = { 0 };

	forget_items();
	if (s->adapter->sources(s, take_source, take_refused, NULL, &err) < 0)
		fail_msg("%s", err.msg);
}

static void
a_folder_is_read_recursively_and_only_its_vcf_files(void **state)
{
	(void)state;
	temp_put_str(&t, "a.vcf", ANNA);
	temp_put_str(&t, "deep/er/b.VCF", BEN);
	temp_put_str(&t, "notes.txt", "BEGIN:VCARD\r\n");
	open_app(".");
	scan();
	assert_int_equal(n_items, 2);
	assert_string_equal(items[0].uid, "anna");
	assert_string_equal(items[0].name, "Anna");
	assert_string_equal(items[0].bytes, ANNA);
	assert_string_equal(items[1].source, "deep/er/b.VCF");
	assert_string_equal(refused, "");
}

static void
one_file_holds_many_cards(void **state)
{
	(void)state;
	temp_put_str(&t, "all.vcf", ANNA BEN CEM);
	temp_put_str(&t, "other.vcf", BEN);
	open_app("all.vcf");
	scan();
	assert_int_equal(n_items, 3);
	assert_string_equal(items[1].bytes, BEN);
	assert_int_equal(items[1].place.offset, strlen(ANNA));
	assert_int_equal(items[1].place.position, 1);
	assert_string_equal(items[2].uid, "");
	assert_memory_not_equal(items[2].content_id, (uint8_t[16]){ 0 }, 16);
}

static void
a_broken_card_is_refused_by_name_and_its_neighbours_come_in(void **state)
{
	(void)state;
	temp_put_str(&t, "all.vcf",
		     ANNA "BEGIN:VCARD\r\nFN:Cut\r\n" BEN "BEGIN:VCARD\r\nFN:End\r\n");
	open_app("all.vcf");
	scan();
	assert_int_equal(n_items, 2);
	assert_string_equal(items[0].uid, "anna");
	assert_string_equal(items[1].uid, "ben");
	assert_non_null(strstr(refused, "all.vcf:"));
	assert_non_null(strchr(strchr(refused, '\n') + 1, '\n')); /* two of them */
}

static void
an_item_is_read_back_as_it_was(void **state)
{
	AUTO(buf_clear) struct buf b = BUF_INIT(4096);
	struct err err = { 0 };

	(void)state;
	temp_put_str(&t, "all.vcf", ANNA BEN CEM);
	open_app("all.vcf");
	scan();
	assert_int_equal(item_read_all(&b, s, &items[1].place, &err), 0);
	assert_string_equal(buf_str(&b), BEN);
	temp_put_str(&t, "all.vcf", BEN ANNA CEM);
	buf_reset(&b);
	assert_int_equal(item_read_all(&b, s, &items[1].place, &err), APP_MOVED);
	assert_int_equal(b.n, 0);
}

static struct app_change
replacement(const struct found *f, const char *bytes)
{
	return (struct app_change){
		.kind = APP_REPLACE,
		.place = f->place,
		.expected = span_of(f->bytes, f->n_bytes),
		.bytes = span_str(bytes),
	};
}

static void
a_changed_card_leaves_the_others_byte_identical(void **state)
{
	static const char odd[] = "BEGIN:VCARD\nFN:Odd\n  \nX-Y;Z=:\\,;\nEND:VCARD\n";
	const char *anna2 = CARD("Anna", "UID:anna\r\nTEL:1\r\nTEL:11\r\n");
	struct err err = { 0 };
	struct app_change c[2];
	char all[2000];

	(void)state;
	snprintf(all, sizeof all, "%s%s%s", ANNA, odd, BEN);
	temp_put_str(&t, "all.vcf", all);
	assert_int_equal(fchmodat(t.fd, "all.vcf", 0640, 0), 0);
	open_app("all.vcf");
	scan();
	assert_int_equal(n_items, 3);
	c[0] = replacement(&items[2], CEM);
	c[1] = replacement(&items[0], anna2);
	assert_int_equal(s->adapter->apply(s, c, 2, &err), 0);
	snprintf(all, sizeof all, "%s%s%s", anna2, odd, CEM);
	temp_assert(&t, "all.vcf", all);
	struct stat st;
	assert_int_equal(fstatat(t.fd, "all.vcf", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0640);

	/* The results say where the cards lie now. */
	for (size_t i = 0; i < 2; i++) {
		AUTO(buf_clear) struct buf b = BUF_INIT(4096);
		assert_int_equal(item_read_all(&b, s, &c[i].written, &err), 0);
		assert_true(span_equal(buf_span(&b), c[i].bytes));
		app_change_clear(&c[i]);
	}
	assert_int_equal(temp_count(&t, "."), 1);
}

static void
a_card_that_moved_is_a_conflict_and_nothing_is_written(void **state)
{
	struct err err = { 0 };

	(void)state;
	temp_put_str(&t, "all.vcf", ANNA BEN);
	open_app("all.vcf");
	scan();
	struct app_change c = replacement(&items[0], CEM);
	temp_put_str(&t, "all.vcf", BEN ANNA);
	assert_int_equal(s->adapter->apply(s, &c, 1, &err), -1);
	assert_int_equal(err.code, ERR_PARTIAL);
	assert_int_equal(c.result, APP_CHANGE_CONFLICT);
	temp_assert(&t, "all.vcf", BEN ANNA);

	/* The stamp fits, the bytes do not. */
	scan();
	c = replacement(&items[0], CEM);
	c.expected = span_str(ANNA);
	assert_int_equal(s->adapter->apply(s, &c, 1, &err), -1);
	assert_int_equal(c.result, APP_CHANGE_CONFLICT);
	temp_assert(&t, "all.vcf", BEN ANNA);
}

static void
a_conflict_in_one_file_leaves_the_other_files_alone(void **state)
{
	struct err err = { 0 };

	(void)state;
	temp_put_str(&t, "a.vcf", ANNA);
	temp_put_str(&t, "b.vcf", BEN);
	open_app(".");
	scan();
	struct app_change c[] = { replacement(&items[0], CEM), replacement(&items[1], CEM) };
	temp_put_str(&t, "a.vcf", ANNA ANNA);
	assert_int_equal(s->adapter->apply(s, c, 2, &err), -1);
	assert_int_equal(c[0].result, APP_CHANGE_CONFLICT);
	assert_int_equal(c[1].result, APP_CHANGE_DONE);
	temp_assert(&t, "a.vcf", ANNA ANNA);
	temp_assert(&t, "b.vcf", CEM);
	app_change_clear(&c[1]);
}

static void
a_new_card_goes_to_its_path_or_beside_it(void **state)
{
	struct err err = { 0 };
	struct app_change c[4] = {
		{ .kind = APP_ADD, .bytes = span_str(CEM), .path = "sub/c.vcf" },
		{ .kind = APP_ADD, .bytes = span_str(BEN), .path = "sub/c.vcf" },
		{ .kind = APP_ADD, .bytes = span_str(ANNA), .path = "sub/c.vcf" },
		{ .kind = APP_ADD,
		  .bytes = span_str(CEM),
		  .path = "../c.vcf",
		  .name = span_str("../Ev/il\n") },
	};

	(void)state;
	open_app(".");
	assert_int_equal(s->adapter->apply(s, c, 4, &err), 0);
	temp_assert(&t, "sub/c.vcf", CEM);
	temp_assert(&t, "sub/c (from backup).vcf", BEN);
	temp_assert(&t, "sub/c (from backup) 2.vcf", ANNA);
	assert_string_equal(c[3].written_path, "_._Ev_il .vcf");
	temp_assert(&t, "_._Ev_il .vcf", CEM);
	for (size_t i = 0; i < 4; i++)
		app_change_clear(&c[i]);
}

static void
a_new_card_goes_to_the_end_of_the_one_file(void **state)
{
	struct err err = { 0 };
	struct app_change c[2] = {
		{ .kind = APP_ADD, .bytes = span_str(BEN), .path = "elsewhere.vcf" },
		{ .kind = APP_ADD, .bytes = span_str(CEM) },
	};

	(void)state;
	temp_put_str(&t, "all.vcf", "BEGIN:VCARD\r\nFN:A\r\nEND:VCARD");
	open_app("all.vcf");
	assert_int_equal(s->adapter->apply(s, c, 2, &err), 0);
	temp_assert(&t, "all.vcf", "BEGIN:VCARD\r\nFN:A\r\nEND:VCARD\r\n" BEN CEM);
	for (size_t i = 0; i < 2; i++) {
		AUTO(buf_clear) struct buf b = BUF_INIT(4096);
		assert_int_equal(item_read_all(&b, s, &c[i].written, &err), 0);
		assert_true(span_equal(buf_span(&b), c[i].bytes));
		app_change_clear(&c[i]);
	}
}

static void
removing_the_last_card_removes_the_file(void **state)
{
	struct err err = { 0 };

	(void)state;
	temp_put_str(&t, "a.vcf", ANNA BEN);
	open_app(".");
	scan();
	struct app_change c = { .kind = APP_REMOVE,
				.place = items[0].place,
				.expected = span_str(ANNA) };
	assert_int_equal(s->adapter->apply(s, &c, 1, &err), 0);
	app_change_clear(&c);
	temp_assert(&t, "a.vcf", BEN);
	scan();
	c = (struct app_change){ .kind = APP_REMOVE,
				 .place = items[0].place,
				 .expected = span_str(BEN) };
	assert_int_equal(s->adapter->apply(s, &c, 1, &err), 0);
	app_change_clear(&c);
	assert_false(temp_exists(&t, "a.vcf"));
}

/* ASCII text as UTF-16LE with its mark. */
static size_t
utf16(char *out, const char *text)
{
	size_t n = 0;

	out[n++] = (char)0xff;
	out[n++] = (char)0xfe;
	for (; *text; text++) {
		out[n++] = *text;
		out[n++] = 0;
	}
	return n;
}

static void
a_utf16_file_stays_one_when_a_card_changes(void **state)
{
	AUTO(buf_clear) struct buf b = BUF_INIT(4096);
	char wide[4000], got[4000];
	struct err err = { 0 };

	(void)state;
	size_t n = utf16(wide, ANNA BEN);
	temp_put(&t, "all.vcf", span_of(wide, n), 60);
	open_app("all.vcf");
	scan();
	assert_int_equal(n_items, 2);
	assert_int_equal(item_read_all(&b, s, &items[1].place, &err), 0);
	assert_string_equal(buf_str(&b), BEN);
	struct app_change c = replacement(&items[1], CEM);
	assert_int_equal(s->adapter->apply(s, &c, 1, &err), 0);
	app_change_clear(&c);
	int fd = openat(t.fd, "all.vcf", O_RDONLY);
	ssize_t have = read(fd, got, sizeof got);
	close(fd);
	n = utf16(wide, ANNA CEM);
	assert_int_equal(have, n);
	assert_memory_equal(got, wide, n);
}

static void
a_full_disk_or_a_dead_process_leaves_the_file_whole(void **state)
{
	struct os_fault fault;
	unsigned nth = 0;

	(void)state;
	do {
		struct err err = { 0 };

		temp_put_str(&t, "all.vcf", ANNA BEN);
		open_app("all.vcf");
		scan();
		struct app_change c = replacement(&items[0], CEM);
		os_fault_at(&fault, ++nth, ENOSPC, OS_FAULT_ONCE);
		int rc = s->adapter->apply(s, &c, 1, &err);
		os_fault_end(&fault);
		if (fault.fired && rc == 0)
			fail_msg("call %u failed unnoticed", nth);
		if (rc == 0) {
			temp_assert(&t, "all.vcf", CEM BEN);
		} else {
			struct stat st;
			assert_int_not_equal(c.result, APP_CHANGE_DONE);
			assert_int_equal(fstatat(t.fd, "all.vcf", &st, 0), 0);
			temp_assert(&t, "all.vcf",
				    (size_t)st.st_size == strlen(CEM BEN) ? CEM BEN : ANNA BEN);
		}
		app_change_clear(&c);
		close_app();
		assert_int_equal(temp_count(&t, "."), 1);
	} while (fault.fired);
	assert_true(nth > 10);
}

static size_t corpus_items, corpus_refused;

static int
corpus_item(void *ctx, const struct app_item *item, struct err *err)
{
	AUTO(buf_clear) struct buf b = BUF_INIT(64 << 20);

	(void)ctx;
	assert_true(item->name.n > 0);
	assert_int_equal(item_read_all(&b, s, &item->place, err), 0);
	assert_true(span_equal(buf_span(&b), item->bytes));
	corpus_items++;
	return 0;
}

static int
corpus_refuse(void *ctx, const struct app_refused *r, struct err *err)
{
	(void)ctx;
	(void)err;
	assert_non_null(r->source);
	assert_true(r->why->msg[0] != '\0');
	corpus_refused++;
	return 0;
}

static int
corpus_source(void *ctx, const struct app_source *source, struct err *err)
{
	size_t before = corpus_items + corpus_refused;
	int rc = s->adapter->read_source(s, source, corpus_item, corpus_refuse, ctx, err);

	if (rc == 0 && source->stamp.size > 200 && corpus_items + corpus_refused == before)
		fail_msg("%s: nothing found, nothing refused", source->path);
	return rc;
}

static void
every_card_of_the_corpus_is_read_or_refused_by_name(void **state)
{
	const char *folder = corpus("contacts");
	struct err err = { 0 };

	(void)state;
	assert_int_equal(app_new(&app, "contacts", "vcard", folder, &err), 0);
	assert_int_equal(app_session_open(&s, app, &err), 0);
	if (s->adapter->sources(s, corpus_source, corpus_refuse, NULL, &err) < 0)
		fail_msg("%s", err.msg);
	print_message("%zu cards, %zu refused\n", corpus_items, corpus_refused);
	assert_true(corpus_items > 300);
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(a_folder_is_read_recursively_and_only_its_vcf_files),
		T(one_file_holds_many_cards),
		T(a_broken_card_is_refused_by_name_and_its_neighbours_come_in),
		T(an_item_is_read_back_as_it_was),
		T(a_changed_card_leaves_the_others_byte_identical),
		T(a_card_that_moved_is_a_conflict_and_nothing_is_written),
		T(a_conflict_in_one_file_leaves_the_other_files_alone),
		T(a_new_card_goes_to_its_path_or_beside_it),
		T(a_new_card_goes_to_the_end_of_the_one_file),
		T(removing_the_last_card_removes_the_file),
		T(a_utf16_file_stays_one_when_a_card_changes),
		T(a_full_disk_or_a_dead_process_leaves_the_file_whole),
		T(every_card_of_the_corpus_is_read_or_refused_by_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
