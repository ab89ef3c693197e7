/* SPDX-License-Identifier: Apache-2.0 */
#include "a_box.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "box/box_internal.h"
#include "box/content.h"
#include "item/item.h"
#include "os/os.h"
#include "os_fault.h"

#define CARD(fn, more) "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:" fn "\r\n" more "END:VCARD\r\n"
#define UID(uid)       "UID:" uid "\r\n"

static void
put(const char *name, const char *content)
{
	char path[400];

	snprintf(path, sizeof path, "app/%s", name);
	temp_put_str(&my.t, path, content);
}

/* Pages of box.db written so far: SQLite's change counter. */
static uint32_t
changes_on_disk(void)
{
	uint8_t counter[4];
	int fd = openat(my.t.fd, "home/box.db", O_RDONLY);

	assert_int_equal(pread(fd, counter, 4, 24), 4);
	close(fd);
	return (uint32_t)counter[0] << 24 | (uint32_t)counter[1] << 16 | (uint32_t)counter[2] << 8 |
	       counter[3];
}

/* Stamps */

static void
an_unchanged_app_is_not_read_and_nothing_is_written(void **state)
{
	struct inventory_counts c;

	(void)state;
	put("a.vcf", CARD("Anna", UID("a")));
	put("b.vcf", CARD("Ben", UID("b")));
	a_box_app("contacts", "vcard", NULL);
	c = a_box_refresh();
	assert_int_equal(c.sources_read, 2);
	assert_int_equal(c.added, 2);
	uint32_t before = changes_on_disk();
	c = a_box_refresh();
	assert_int_equal(c.sources, 2);
	assert_int_equal(c.sources_read, 0);
	assert_int_equal(c.items, 2);
	assert_int_equal(changes_on_disk(), before);
}

static void
only_the_changed_file_is_read(void **state)
{
	struct inventory_counts c;

	(void)state;
	put("a.vcf", CARD("Anna", UID("a")));
	put("b.vcf", CARD("Ben", UID("b")));
	a_box_app("contacts", "vcard", NULL);
	a_box_refresh();
	put("b.vcf", CARD("Benno", UID("b")));
	c = a_box_refresh();
	assert_int_equal(c.sources_read, 1);
	assert_int_equal(c.changed, 1);
	assert_int_equal(c.added + c.removed, 0);
	assert_string_equal(a_box_items(), "a: Anna\nb: Benno\n");
}

static void
a_young_file_is_read_again(void **state)
{
	struct inventory_counts c;

	(void)state;
	temp_put(&my.t, "app/a.vcf", span_str(CARD("Anna", UID("a"))), 0);
	a_box_app("contacts", "vcard", NULL);
	a_box_refresh();
	/* Written within the clock's grain: same size, and the stamp is put back. */
	c = a_box_refresh();
	assert_int_equal(c.sources_read, 1);
	assert_int_equal(c.changed, 0);
}

static void
a_touched_file_is_no_change_of_content(void **state)
{
	(void)state;
	put("a.txt", "hello");
	a_box_app("documents", "files", NULL);
	a_box_refresh();
	assert_int_equal(a_box_add("a.txt"), 0);
	a_box_save("a.txt");
	assert_string_equal(a_box_state("a.txt"), "saved");
	temp_put(&my.t, "app/a.txt", span_str("hello"), 1800);
	a_box_refresh();
	assert_string_equal(a_box_state("a.txt"), "changed"); /* nobody has read it yet */
	a_box_save("a.txt");
	assert_string_equal(a_box_state("a.txt"), "saved");
}

static void
a_young_file_with_a_known_content_is_verified(void **state)
{
	struct inventory_counts c;
	struct stat st;

	(void)state;
	temp_put(&my.t, "app/a.txt", span_str("hello"), 0);
	a_box_app("documents", "files", NULL);
	a_box_refresh();
	assert_int_equal(a_box_add("a.txt"), 0);
	a_box_save("a.txt");
	c = a_box_refresh();
	assert_int_equal(c.sources_read, 1);
	assert_string_equal(a_box_state("a.txt"), "saved");

	/* A change that the stamp does not tell: only the ctime moves, and we put that right. */
	assert_int_equal(fstatat(my.t.fd, "app/a.txt", &st, 0), 0);
	temp_put(&my.t, "app/a.txt", span_str("HELLO"), 0);
	assert_int_equal(
		utimensat(my.t.fd, "app/a.txt", (struct timespec[]){ st.st_atim, st.st_mtim }, 0),
		0);
	struct stat now;
	uint8_t stamp[STAMP_BYTES];
	assert_int_equal(fstatat(my.t.fd, "app/a.txt", &now, 0), 0);
	struct app_stamp s = {
		.device = now.st_dev,
		.inode = now.st_ino,
		.size = (uint64_t)now.st_size,
		.mtime_ns = (int64_t)now.st_mtim.tv_sec * 1000000000 + now.st_mtim.tv_nsec,
		.ctime_ns = (int64_t)now.st_ctim.tv_sec * 1000000000 + now.st_ctim.tv_nsec,
	};
	stamp_encode(stamp, &s);
	AUTO(query_clear) struct query q = QUERY_INIT;
	struct err err = { 0 };
	assert_rc(query_init(&q, my.b, "UPDATE sources SET stamp = ?1", &err), 0, err);
	query_blob(&q, 1, SPAN_ARRAY(stamp));
	assert_rc(query_run(&q, &err), 0, err);
	a_box_refresh();
	assert_string_equal(a_box_state("a.txt"), "changed");
}

static void
links_are_told_once(void **state)
{
	struct inventory_counts c;

	(void)state;
	put("a", "x");
	assert_int_equal(symlinkat("a", my.t.fd, "app/l"), 0);
	a_box_app("documents", "files", NULL);
	c = a_box_refresh();
	assert_int_equal(c.refused, 1);
	assert_int_equal(c.items, 1);
	uint32_t before = changes_on_disk();
	a_box_refresh();
	assert_int_equal(changes_on_disk(), before);
}

/* Ids */

static void
a_card_is_named_by_its_uid_or_its_path(void **state)
{
	(void)state;
	put("a.vcf", CARD("Anna", UID("urn:a")));
	put("sub/b.vcf", CARD("Ben", "") CARD("Bea", ""));
	a_box_app("contacts", "vcard", NULL);
	a_box_refresh();
	assert_string_equal(a_box_items(), "urn:a: Anna\nsub/b.vcf#2: Bea\nsub/b.vcf: Ben\n");
}

static void
a_second_card_with_a_uid_is_numbered_by_source_order(void **state)
{
	(void)state;
	put("c.vcf", CARD("Third", UID("u")));
	put("a.vcf", CARD("First", UID("u")));
	put("b.vcf", CARD("Second", UID("u")));
	a_box_app("contacts", "vcard", NULL);
	a_box_refresh();
	assert_string_equal(a_box_items(), "u: First\nu#2: Second\nu#3: Third\n");

	/* Ids stay when the first goes, and a new one takes the free number. */
	assert_int_equal(unlinkat(my.t.fd, "app/a.vcf", 0), 0);
	a_box_refresh();
	assert_string_equal(a_box_items(), "u#2: Second\nu#3: Third\n");
	put("d.vcf", CARD("Zoe", UID("u")));
	a_box_refresh();
	assert_string_equal(a_box_items(), "u#2: Second\nu#3: Third\nu: Zoe\n");
}

static void
a_card_that_moves_to_another_file_stays_the_same(void **state)
{
	struct inventory_counts c;

	(void)state;
	put("z.vcf", CARD("Anna", UID("u")));
	put("y.vcf", CARD("Other", UID("v")));
	a_box_app("contacts", "vcard", NULL);
	a_box_refresh();
	assert_int_equal(renameat(my.t.fd, "app/z.vcf", my.t.fd, "app/a.vcf"), 0);
	c = a_box_refresh();
	assert_int_equal(c.added + c.removed, 0);
	assert_int_equal(c.changed, 1);
	assert_string_equal(a_box_items(), "u: Anna\nv: Other\n");
}

static void
two_cards_that_swap_their_files_stay_themselves(void **state)
{
	(void)state;
	put("a.vcf", CARD("Anna", UID("u")));
	put("b.vcf", CARD("Ben", UID("v")));
	a_box_app("contacts", "vcard", NULL);
	a_box_refresh();
	put("a.vcf", CARD("Ben", UID("v")));
	put("b.vcf", CARD("Anna", UID("u")));
	struct inventory_counts c = a_box_refresh();
	assert_int_equal(c.added + c.removed, 0);
	assert_string_equal(a_box_items(), "u: Anna\nv: Ben\n");
}

static void
cards_without_uid_in_one_file_keep_the_id_of_first_sight(void **state)
{
	char first[65536], id[100];

	(void)state;
	put("all.vcf", CARD("Anna", "TEL:1\r\n") CARD("Ben", "TEL:2\r\n"));
	a_box_app("contacts", "vcard", "all.vcf");
	a_box_refresh();
	snprintf(first, sizeof first, "%s", a_box_items());
	assert_int_equal(strncmp(first, "h:", 2), 0);
	snprintf(id, sizeof id, "%.34s", first);
	assert_int_equal(strspn(id + 2, "0123456789abcdef"), 32);

	/* A new number: the card is known by its name.  A note: by what did not change. */
	put("all.vcf", CARD("Ben", "NOTE:x\r\nTEL:2\r\n") CARD("Anna", "TEL:111\r\n"));
	struct inventory_counts c = a_box_refresh();
	assert_int_equal(c.added + c.removed, 0);
	assert_string_equal(a_box_items(), first);

	/* Another name and another number: another card. */
	put("all.vcf", CARD("Ben", "TEL:2\r\n") CARD("Zoe", "TEL:9\r\n"));
	c = a_box_refresh();
	assert_int_equal(c.added, 1);
	assert_int_equal(c.removed, 1);
	assert_null(strstr(a_box_items(), id));
}

static void
identical_cards_without_uid_are_two_items(void **state)
{
	(void)state;
	put("all.vcf", CARD("Anna", "TEL:1\r\n") CARD("Anna", "TEL:1\r\n"));
	a_box_app("contacts", "vcard", "all.vcf");
	assert_int_equal(a_box_refresh().items, 2);
	put("all.vcf", CARD("Anna", "TEL:1\r\n") CARD("Anna", "TEL:1\r\n") CARD("B", ""));
	struct inventory_counts c = a_box_refresh();
	assert_int_equal(c.added, 1);
	assert_int_equal(c.removed, 0);
}

static void
a_card_with_the_uuid_of_an_item_of_this_box_is_that_item(void **state)
{
	char urn[UUID8_URN_BYTES], card[400];
	uint8_t item[BOX_ID_BYTES];
	struct err err = { 0 };

	(void)state;
	put("old.vcf", CARD("Anna", "TEL:1\r\n"));
	a_box_app("contacts", "vcard", NULL);
	a_box_refresh();
	assert_int_equal(a_box_add("old.vcf"), 0);
	assert_rc(inventory_item_id(item, my.b, "contacts", span_str("old.vcf"), &err), 0, err);
	uuid8_urn(urn, item);
	assert_int_equal(unlinkat(my.t.fd, "app/old.vcf", 0), 0);
	a_box_refresh();
	assert_string_equal(a_box_state("old.vcf"), "missing");
	snprintf(card, sizeof card, CARD("Anna", "UID:%s\r\nTEL:1\r\n"), urn);
	put("new name.vcf", card);
	a_box_refresh();
	assert_string_equal(a_box_items(), "old.vcf: Anna\n");
	assert_string_equal(a_box_state("old.vcf"), "new");

	/* A second card with that UID is somebody else. */
	put("other.vcf", card);
	a_box_refresh();
	char expected[400];
	snprintf(expected, sizeof expected, "old.vcf: Anna\n%s: Anna\n", urn);
	assert_string_equal(a_box_items(), expected);
}

static void
an_alias_makes_a_card_another_item(void **state)
{
	struct err err = { 0 };

	(void)state;
	put("a.vcf", CARD("Anna", UID("urn:uuid:x")));
	a_box_app("contacts", "vcard", NULL);
	assert_rc(inventory_put_alias(my.b, "contacts", span_str("urn:uuid:x"), span_str("anna"),
				      &err),
		  0, err);
	a_box_refresh();
	assert_string_equal(a_box_items(), "anna: Anna\n");
}

/* Looking things up */

static void
an_item_is_found_by_id_short_id_and_name(void **state)
{
	AUTO(inventory_found_clear) struct inventory_found f = INVENTORY_FOUND_INIT;
	uint8_t item[BOX_ID_BYTES];
	char hex[40];
	struct err err = { 0 };

	(void)state;
	put("a.vcf", CARD("Anna", UID("1")));
	put("b.vcf", CARD("Anna", UID("2")));
	put("c.vcf", CARD("1", UID("3")));
	a_box_app("contacts", "vcard", NULL);
	a_box_refresh();
	assert_rc(inventory_find(&f, my.b, "contacts", span_str("1"), &err), 0, err);
	assert_string_equal(f.item.place.source, "a.vcf"); /* the id comes before the name */
	assert_string_equal(f.item.type, "text/vcard");
	assert_true(f.item.has_content);
	assert_rc(inventory_item_id(item, my.b, "contacts", span_str("3"), &err), 0, err);
	for (size_t i = 0; i < 4; i++)
		snprintf(hex + 2 * i, 3, "%02x", item[i]);
	assert_rc(inventory_find(&f, my.b, "contacts", span_str(hex), &err), 0, err);
	assert_string_equal(f.item.place.source, "c.vcf");
	assert_int_equal(inventory_find(&f, my.b, "contacts", span_str("Anna"), &err), -1);
	assert_int_equal(err.code, ERR_AMBIGUOUS);
	assert_string_equal(err.msg, "Anna means 2 items of contacts: 1, 2");
	assert_int_equal(inventory_find(&f, my.b, "contacts", span_str("Zoe"), &err), -1);
	assert_int_equal(err.code, ERR_NOT_FOUND);
}

static void
an_id_that_is_no_clean_text_is_shown_short(void **state)
{
	AUTO(buf_clear) struct buf shown = BUF_INIT(4096);
	uint8_t item[BOX_ID_BYTES];
	struct err err = { 0 };

	(void)state;
	put("good", "");
	put("b\xffyte", "");
	put("li\nne", "");
	a_box_app("documents", "files", NULL);
	assert_int_equal(a_box_refresh().items, 3);
	assert_rc(inventory_item_id(item, my.b, "documents", span_str("good"), &err), 0, err);
	assert_rc(item_show_id(&shown, my.b, span_str("good"), item, &err), 0, err);
	assert_string_equal(buf_str(&shown), "good");
	buf_reset(&shown);
	assert_rc(inventory_item_id(item, my.b, "documents", span_str("li\nne"), &err), 0, err);
	assert_rc(item_show_id(&shown, my.b, span_str("li\nne"), item, &err), 0, err);
	assert_int_equal(shown.n, 8);
	AUTO(inventory_found_clear) struct inventory_found f = INVENTORY_FOUND_INIT;
	assert_rc(inventory_find(&f, my.b, "documents", buf_span(&shown), &err), 0, err);
	assert_string_equal(f.item.place.source, "li\nne");
}

static void
types_of_files_are_found_when_they_are_asked_for(void **state)
{
	AUTO(inventory_found_clear) struct inventory_found f = INVENTORY_FOUND_INIT;
	struct err err = { 0 };

	(void)state;
	put("a.pdf", "%PDF-1.4\n1 0 obj\n");
	put("b.txt", "hello\n");
	a_box_app("documents", "files", NULL);
	a_box_refresh();
	assert_rc(inventory_get(&f, my.b, "documents", span_str("a.pdf"), &err), 0, err);
	assert_null(f.item.type);
	assert_rc(inventory_types(my.b, my.s, (struct span){ NULL, 0 }, &err), 0, err);
	assert_rc(inventory_get(&f, my.b, "documents", span_str("a.pdf"), &err), 0, err);
	assert_string_equal(f.item.type, "application/pdf");
	assert_rc(inventory_get(&f, my.b, "documents", span_str("b.txt"), &err), 0, err);
	assert_string_equal(f.item.type, "text/plain");
}

static void
a_content_hash_depends_on_every_piece(void **state)
{
	const struct device_keys *keys = box_identity(my.b)->ids;
	const size_t n = (size_t)APP_PIECE_BYTES + 10;
	AUTO(free) uint8_t *bytes = calloc(1, n);
	uint8_t one[BOX_HASH_BYTES], two[BOX_HASH_BYTES], pieces[BOX_HASH_BYTES];
	struct content c;

	(void)state;
	content_of(one, keys, span_of(bytes, n));
	content_init(&c, keys);
	content_add(&c, span_of(bytes, APP_PIECE_BYTES));
	content_add(&c, span_of(bytes + APP_PIECE_BYTES, 10));
	content_final(&c, pieces);
	assert_memory_equal(one, pieces, sizeof one);
	bytes[n - 1] ^= 1;
	content_of(two, keys, span_of(bytes, n));
	assert_memory_not_equal(one, two, sizeof one);
	content_of(two, keys, span_of(bytes, n - 1));
	assert_memory_not_equal(one, two, sizeof one);
	content_of(one, keys, span_of("", 0));
	content_init(&c, keys);
	content_final(&c, two);
	assert_memory_equal(one, two, sizeof one);
}

static void
what_fails_in_a_refresh_leaves_the_inventory_as_it_was(void **state)
{
	struct err err = { 0 };

	(void)state;
	put("a.vcf", CARD("Anna", UID("a")));
	a_box_app("contacts", "vcard", NULL);
	a_box_refresh();
	put("b.vcf", CARD("Ben", UID("b")));
	assert_int_equal(sqlite3_exec(my.b->sql.db,
				      "CREATE TEMP TRIGGER stop BEFORE INSERT ON items"
				      " BEGIN SELECT raise(FAIL, 'stop'); END",
				      NULL, NULL, NULL),
			 SQLITE_OK);
	assert_int_equal(inventory_refresh(NULL, my.b, my.s, NULL, NULL, &err), -1);
	assert_string_equal(a_box_items(), "a: Anna\n");
	assert_int_equal(sqlite3_exec(my.b->sql.db, "DROP TRIGGER stop", NULL, NULL, NULL),
			 SQLITE_OK);
	a_box_refresh();
	assert_string_equal(a_box_items(), "a: Anna\nb: Ben\n");
}

static void
a_source_that_the_disk_does_not_give_keeps_its_items_and_is_read_next_time(void **state)
{
	struct inventory_counts c = { 0 };
	struct err err = { 0 };
	struct os_fault fault;
	unsigned nth = 0, refused = 0;

	(void)state;
	put("a.vcf", CARD("Anna", UID("a")));
	a_box_app("contacts", "vcard", NULL);
	a_box_refresh();
	assert_int_equal(a_box_add("a"), 0);
	a_box_save("a");
	do {
		char card[100];

		snprintf(card, sizeof card, CARD("Anna", UID("a") "NOTE:%u\r\n"), nth);
		put("a.vcf", card);
		os_fault_at(&fault, ++nth, EIO, OS_FAULT_ONCE);
		int rc = inventory_refresh(&c, my.b, my.s, NULL, NULL, &err);
		os_fault_end(&fault);
		if (rc == 0)
			refused += c.refused > 0;
		assert_string_equal(a_box_items(), "a: Anna\n");
		if (rc == 0)
			assert_string_equal(a_box_state("a"), "changed");
		a_box_refresh();
		assert_string_equal(a_box_state("a"), "changed");
		assert_int_equal(a_box_refresh().sources_read, 0);
	} while (fault.fired);
	assert_true(refused >= 3); /* open, read, look again */
}

static void
all_of_the_corpus_goes_through_a_refresh(void **state)
{
	static const struct {
		const char *name, *adapter, *folder;
	} apps[] = {
		{ "contacts", "vcard", "contacts" },
		{ "documents", "files", "documents" },
		{ "pictures", "files", "media" },
		{ "games", "files", "generic" },
	};

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(apps); i++) {
		const char *folder = corpus(apps[i].folder);
		AUTO(app_free) struct app *app = NULL;
		AUTO(app_session_free) struct app_session *s = NULL;
		struct inventory_counts c;
		struct err err = { 0 };

		assert_rc(app_new(&app, apps[i].name, apps[i].adapter, folder, &err), 0, err);
		assert_rc(box_app_put(my.b, app, &err), 0, err);
		assert_rc(app_session_open(&s, app, &err), 0, err);
		assert_rc(inventory_refresh(&c, my.b, s, NULL, NULL, &err), 0, err);
		assert_true(c.items > 5);
		assert_int_equal(c.items, c.added);
		assert_rc(inventory_types(my.b, s, (struct span){ NULL, 0 }, &err), 0, err);
		assert_rc(inventory_refresh(&c, my.b, s, NULL, NULL, &err), 0, err);
		assert_int_equal(c.added + c.removed + c.changed, 0);
	}
}

static void
naughty_strings_are_names_like_any_other(void **state)
{
	char path[4200], line[8192];
	AUTO(buf_clear) struct buf all = BUF_INIT(8 << 20);
	struct err err = { 0 };
	unsigned written = 0;

	(void)state;
	snprintf(path, sizeof path, "%s/blns.txt", corpus("generic/naughty-strings"));
	FILE *f = fopen(path, "r");
	assert_non_null(f);
	while (fgets(line, sizeof line, f)) {
		line[strcspn(line, "\n")] = '\0';
		if (line[0] == '#' || !line[0])
			continue;
		assert_rc(buf_append_fmt(&all, &err, CARD("%s", "NOTE:%s\r\nUID:%u\r\n"), line,
					 line, written++),
			  0, err);
	}
	fclose(f);
	temp_put(&my.t, "app/all.vcf", buf_span(&all), 60);
	a_box_app("contacts", "vcard", "all.vcf");
	struct inventory_counts c = a_box_refresh();
	assert_true(written > 400);
	assert_int_equal(c.items + c.refused, written);
	assert_true(c.refused < 5);
	unsigned found = 0;
	for (unsigned i = 0; i < written; i++) {
		AUTO(inventory_found_clear) struct inventory_found item = INVENTORY_FOUND_INIT;
		snprintf(line, sizeof line, "%u", i);
		int rc = inventory_get(&item, my.b, "contacts", span_str(line), &err);
		assert_true(rc == 0 || rc == BOX_ABSENT);
		found += rc == 0 && item.item.name.n > 0;
	}
	assert_int_equal(found, c.items);
}

/* A scan of 10,000 unchanged contacts. */
static void
a_scan_of_10000_unchanged_contacts_is_quick(void **state)
{
	struct timespec t0, t1;
	char name[60], card[200];

	(void)state;
	for (int i = 0; i < 10000; i++) {
		snprintf(name, sizeof name, "app/%05d.vcf", i);
		snprintf(card, sizeof card, CARD("Name %d", "UID:%d\r\nTEL:%d\r\n"), i, i, i);
		temp_put_str(&my.t, name, card);
	}
	a_box_app("contacts", "vcard", NULL);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t0);
	assert_int_equal(a_box_refresh().added, 10000);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t1);
	print_message("first scan: %.3f s\n",
		      (double)(t1.tv_sec - t0.tv_sec) + (double)(t1.tv_nsec - t0.tv_nsec) * 1e-9);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t0);
	assert_int_equal(a_box_refresh().sources_read, 0);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t1);
	print_message("nothing changed: %.3f s\n",
		      (double)(t1.tv_sec - t0.tv_sec) + (double)(t1.tv_nsec - t0.tv_nsec) * 1e-9);
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, a_box_setup, a_box_teardown)
	const struct CMUnitTest tests[] = {
		T(an_unchanged_app_is_not_read_and_nothing_is_written),
		T(only_the_changed_file_is_read),
		T(a_young_file_is_read_again),
		T(a_touched_file_is_no_change_of_content),
		T(a_young_file_with_a_known_content_is_verified),
		T(links_are_told_once),
		T(a_card_is_named_by_its_uid_or_its_path),
		T(a_second_card_with_a_uid_is_numbered_by_source_order),
		T(a_card_that_moves_to_another_file_stays_the_same),
		T(two_cards_that_swap_their_files_stay_themselves),
		T(cards_without_uid_in_one_file_keep_the_id_of_first_sight),
		T(identical_cards_without_uid_are_two_items),
		T(a_card_with_the_uuid_of_an_item_of_this_box_is_that_item),
		T(an_alias_makes_a_card_another_item),
		T(an_item_is_found_by_id_short_id_and_name),
		T(an_id_that_is_no_clean_text_is_shown_short),
		T(types_of_files_are_found_when_they_are_asked_for),
		T(a_content_hash_depends_on_every_piece),
		T(what_fails_in_a_refresh_leaves_the_inventory_as_it_was),
		T(a_source_that_the_disk_does_not_give_keeps_its_items_and_is_read_next_time),
		T(all_of_the_corpus_goes_through_a_refresh),
		T(naughty_strings_are_names_like_any_other),
		T(a_scan_of_10000_unchanged_contacts_is_quick),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
