/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Undo and take on a real app and a real Box: what goes, what stays, and that no fault and no kill at
 * any moment loses or doubles anything.
 *
 * Kills: this program starts itself with libfault.so (tests/fault) before it, to do one undo or one
 * take, and dies at the n-th call that can lose data, SQLite's included.
 */
#include "a_box.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "box/content.h"
#include "box/originals.h"
#include "box/receipts.h"
#include "item/card.h"
#include "merge/merge.h"
#include "os/os.h"
#include "os_fault.h"
#include "restore/held.h"
#include "restore/take.h"
#include "restore/undo.h"

#define CARD(body) "BEGIN:VCARD\r\nVERSION:3.0\r\n" body "END:VCARD\r\n"
#define ANNA       CARD("UID:anna\r\nFN:Anna\r\nTEL:+491\r\nBDAY:1981-02-03\r\n")
#define ANNA_SAVED                                                                                 \
	CARD("UID:anna\r\nFN:Anna\r\nTEL:+492\r\nEMAIL:a@example.org\r\nBDAY:1980-01-01\r\n")
#define ANNA_TAKEN CARD("UID:anna\r\nFN:Anna\r\nTEL:+491\r\nBDAY:1980-01-01\r\n")
#define BEN        CARD("UID:ben\r\nFN:Ben\r\nTEL:+493\r\n")
#define DOCUMENT   "text of a document"
#define RESTORE    "00112233445566778899aabbccddeeff"

static const char *program; /* this one */

/* The account's keys: a_box.c's. */
static struct account_keys keys;

static const struct account_keys *
the_keys(void *ctx, uint64_t epoch, struct err *err)
{
	(void)ctx;
	(void)epoch;
	(void)err;
	return &keys;
}

static const struct account_keys *
no_keys(void *ctx, uint64_t epoch, struct err *err)
{
	(void)ctx;
	(void)epoch;
	err_set(err, ERR_LOCKED, "no key is needed here");
	return NULL;
}

static void
load_keys(void)
{
	uint8_t bytes[SECRET_BYTES];
	struct err err = { 0 };

	memset(bytes, 5, sizeof bytes);
	assert_rc(secret_from_bytes(&keys.aek, bytes, &err), 0, err);
	memset(bytes, 2, sizeof bytes);
	assert_rc(secret_from_bytes(&keys.psk, bytes, &err), 0, err);
}

static void
put(const char *path, const char *content)
{
	char full[100];

	snprintf(full, sizeof full, "app/%s", path);
	temp_put_str(&my.t, full, content);
}

static bool
holds(const char *path, const char *content)
{
	AUTO(buf_clear) struct buf b = BUF_INIT(1 << 20);
	char full[100];

	snprintf(full, sizeof full, "app/%s", path);
	return os_read_file(my.t.fd, full, &b, NULL) == 0 &&
	       span_equal(buf_span(&b), span_str(content));
}

static bool
is_there(const char *path)
{
	char full[100];

	snprintf(full, sizeof full, "app/%s", path);
	return temp_exists(&my.t, full);
}

static int
set_up(void **state)
{
	(void)state;
	a_box_init();
	temp_put_str(&my.t, "app/.keep", "");
	a_box_app("contacts", "vcard", NULL);
	load_keys();
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	secret_free(keys.aek);
	secret_free(keys.psk);
	keys = (struct account_keys){ 0 };
	a_box_close();
	return 0;
}

/* What a restore leaves in the Box. */

static void
begin_restore(const char *id)
{
	struct restore_row row = { .id = span_str(id), .at_unix_ms = 1 };
	struct receipt r = { .kind = RECEIPT_RESTORE, .items = 1, .restore = row.id };
	struct err err = { 0 };

	assert_rc(restore_row_put(my.b, &row, &err), 0, err);
	assert_rc(restore_row_finish(my.b, row.id, &err), 0, err);
	assert_rc(receipt_put(my.b, &r, &err), 0, err);
}

static struct kept
kept_of(enum kept_kind kind, const char *restore, const char *id, const char *source)
{
	struct kept k = { .kind = kind,
			  .restore = span_str(restore),
			  .app = my.app->name,
			  .native_id = span_str(id),
			  .name = span_str(id),
			  .field = "",
			  .source = span_str(source) };
	struct err err = { 0 };

	assert_rc(inventory_item_id(k.item, my.b, k.app, k.native_id, &err), 0, err);
	return k;
}

/* The card at @path, @mine, merged with @saved as a restore would; what is held is kept, too. */
static void
merged(const char *restore, const char *id, const char *path, const char *mine, const char *saved)
{
	AUTO(merge_outcome_clear) struct merge_outcome o = MERGE_OUTCOME_INIT;
	AUTO(item_free) struct item *a = NULL;
	AUTO(item_free) struct item *b = NULL;
	struct field_key added[8];
	struct kept k = kept_of(KEPT_ORIGINAL, restore, id, path);
	struct err err = { 0 };

	assert_rc(card_parse(&a, span_str(mine), "", 1, my.s->adapter->profile, &err), 0, err);
	assert_rc(card_parse(&b, span_str(saved), "", 1, my.s->adapter->profile, &err), 0, err);
	assert_rc(merge_items(&o, a, b, NULL, &err), 0, err);
	for (size_t i = 0; i < o.n_added; i++)
		added[i] = o.added[i].theirs->key;
	k.added_keys = span_of(added, o.n_added * sizeof *added);
	content_of(k.written, box_identity(my.b)->ids, buf_span(&o.bytes));
	assert_rc(kept_put(my.b, &k, span_str(mine), &err), 0, err);
	for (size_t i = 0; i < o.n_held; i++) {
		AUTO(buf_clear) struct buf body = BUF_INIT(1 << 20);
		struct kept held = kept_of(KEPT_HELD, restore, id, path);

		held.field = o.held[i].theirs->name;
		assert_rc(held_encode(&body, b, &o.held[i], &err), 0, err);
		assert_rc(kept_put(my.b, &held, buf_span(&body), &err), 0, err);
	}
	put(path, buf_str(&o.bytes));
}

static void
created(const char *restore, const char *id, const char *path, const char *bytes)
{
	struct kept k = kept_of(KEPT_CREATED, restore, id, path);
	struct err err = { 0 };

	if (bytes) {
		content_of(k.written, box_identity(my.b)->ids, span_str(bytes));
		put(path, bytes);
	}
	assert_rc(kept_put(my.b, &k, span_of("", 0), &err), 0, err);
}

/* Anna merged, Ben made, and a document, in an app of files that has the same folder. */
static void
restored(void)
{
	begin_restore(RESTORE);
	a_box_app("documents", "files", NULL);
	created(RESTORE, "doc.txt", "doc.txt", DOCUMENT);
	a_box_app("contacts", "vcard", NULL);
	merged(RESTORE, "anna", "anna.vcf", ANNA, ANNA_SAVED);
	created(RESTORE, "ben", "ben.vcf", BEN);
}

static void
refreshed(void)
{
	a_box_refresh();
}

/* Undoing and taking. */

static int
undo_once(struct undo_result *r, const char *restore, kept_keys_fn *with, struct err *err)
{
	struct undo_request rq = { restore, with, NULL };

	undo_result_clear(r);
	*err = (struct err){ 0 };
	return undo_run(r, my.b, &rq, NULL, err);
}

static int
take_once(const char *field, struct err *err)
{
	struct held_request rq = { "contacts", "anna", field, the_keys, NULL };

	*err = (struct err){ 0 };
	return take_run(my.b, &rq, err);
}

static const struct undo_item *
told(const struct undo_result *r, const char *id)
{
	for (size_t i = 0; i < r->n_items; i++)
		if (strcmp(r->items[i].id, id) == 0)
			return &r->items[i];
	fail_msg("%s is not told of", id);
	return NULL;
}

static int
count_kept(void *ctx, const struct kept *k, struct err *err)
{
	(void)k;
	(void)err;
	++*(unsigned *)ctx;
	return 0;
}

static unsigned
n_kept(enum kept_kind kind)
{
	struct kept_filter f = { .kind = kind };
	struct err err = { 0 };
	unsigned n = 0;

	assert_rc(kept_each(my.b, &f, count_kept, &n, &err), 0, err);
	return n;
}

struct count_receipts {
	enum receipt_kind kind;
	unsigned n, items;
};

static int
count_receipt(void *ctx, const struct receipt *r, struct err *err)
{
	struct count_receipts *c = ctx;

	(void)err;
	if (r->kind == c->kind) {
		c->n++;
		c->items += (unsigned)r->items;
	}
	return 0;
}

static void
assert_receipts(enum receipt_kind kind, unsigned n, unsigned items)
{
	struct count_receipts c = { .kind = kind };
	struct err err = { 0 };

	assert_rc(receipts_each(my.b, count_receipt, &c, &err), 0, err);
	assert_int_equal(c.n, n);
	assert_int_equal(c.items, items);
}

static void
assert_undone(void)
{
	assert_true(holds("anna.vcf", ANNA));
	assert_false(is_there("ben.vcf") || is_there("doc.txt"));
	assert_int_equal(n_kept(KEPT_UNDONE), 3);
	assert_receipts(RECEIPT_UNDO, 1, 3);
}

/* What goes and what stays. */

static void
undo_takes_away_what_was_added_and_needs_no_key(void **state)
{
	AUTO(undo_result_clear) struct undo_result r = { 0 };
	struct err err;

	(void)state;
	restored();
	assert_rc(undo_once(&r, NULL, no_keys, &err), 0, err);
	assert_string_equal(r.restore, RESTORE);
	assert_int_equal(r.written, 3);
	assert_int_equal(told(&r, "doc.txt")->outcome, UNDO_GONE);
	assert_int_equal(told(&r, "anna")->outcome, UNDO_TAKEN_AWAY);
	assert_int_equal(told(&r, "anna")->n_removed, 2);
	assert_string_equal(told(&r, "anna")->removed[0].value, "+492");
	assert_int_equal(told(&r, "ben")->outcome, UNDO_GONE);
	assert_undone();
	assert_rc(undo_once(&r, RESTORE, no_keys, &err), 0, err);
	assert_true(r.was_undone);
	assert_int_equal(r.n_items, 0);
	assert_rc(undo_once(&r, NULL, no_keys, &err), 0, err);
	assert_string_equal(r.restore, "");
}

static void
a_renamed_item_is_found_by_what_was_written(void **state)
{
	AUTO(undo_result_clear) struct undo_result r = { 0 };
	char from[100], to[100];
	struct err err;

	(void)state;
	begin_restore(RESTORE);
	created(RESTORE, "no-uid.vcf", "no-uid.vcf", CARD("FN:Somebody\r\nTEL:+497\r\n"));
	merged(RESTORE, "other.vcf", "other.vcf", CARD("FN:Other\r\nTEL:+498\r\n"),
	       CARD("FN:Other\r\nTEL:+499\r\n"));
	refreshed();
	snprintf(from, sizeof from, "%s/app/no-uid.vcf", my.t.path);
	snprintf(to, sizeof to, "%s/app/renamed.vcf", my.t.path);
	assert_int_equal(rename(from, to), 0);
	snprintf(from, sizeof from, "%s/app/other.vcf", my.t.path);
	snprintf(to, sizeof to, "%s/app/another.vcf", my.t.path);
	assert_int_equal(rename(from, to), 0);
	assert_rc(undo_once(&r, NULL, no_keys, &err), 0, err);
	assert_int_equal(r.written, 2);
	assert_false(is_there("renamed.vcf"));
	assert_true(holds("another.vcf", CARD("FN:Other\r\nTEL:+498\r\n")));
}

static void
another_item_under_the_same_id_is_left_alone(void **state)
{
	AUTO(undo_result_clear) struct undo_result r = { 0 };
	struct err err;

	(void)state;
	begin_restore(RESTORE);
	created(RESTORE, "ben", "made.vcf", CARD("UID:urn:uuid:x\r\nFN:Ben\r\nTEL:+494\r\n"));
	put("ben.vcf", BEN); /* has the native id by which the made one is kept */
	assert_rc(undo_once(&r, NULL, no_keys, &err), 0, err);
	assert_int_equal(r.written, 1);
	assert_true(holds("ben.vcf", BEN));
	assert_false(is_there("made.vcf"));
}

static void
what_cannot_be_undone_is_named_and_stays(void **state)
{
	AUTO(undo_result_clear) struct undo_result r = { 0 };
	struct err err;

	(void)state;
	restored();
	created(RESTORE, "cleo", "cleo.vcf", NULL); /* cut off while it was made */
	put("cleo.vcf", CARD("UID:cleo\r\nFN:Cleo\r\n"));
	created(RESTORE, "dora", "dora.vcf", CARD("UID:dora\r\nFN:Dora\r\n"));
	put("dora.vcf", CARD("UID:dora\r\nFN:Dora\r\nNOTE:edited\r\n"));
	put("anna.vcf", ANNA); /* somebody took away what was added */
	put("ben.vcf", CARD("broken"));
	put("doc.txt", "edited since");
	assert_rc(undo_once(&r, NULL, no_keys, &err), 0, err);
	assert_int_equal(r.written, 0);
	assert_int_equal(r.failed, 0);
	for (size_t i = 0; i < r.n_items; i++) {
		assert_int_equal(r.items[i].outcome, UNDO_STAYS);
		assert_true(strlen(r.items[i].reason) > 10);
	}
	assert_int_equal(r.n_items, 5);
	assert_true(holds("doc.txt", "edited since") && holds("anna.vcf", ANNA) &&
		    is_there("ben.vcf") && is_there("cleo.vcf") && is_there("dora.vcf"));
	assert_int_equal(n_kept(KEPT_UNDONE), 0);
	assert_receipts(RECEIPT_UNDO, 0, 0);
}

static void
two_merges_into_one_item_are_undone_together(void **state)
{
	AUTO(undo_result_clear) struct undo_result r = { 0 };
	AUTO(buf_clear) struct buf between = BUF_INIT(1 << 20);
	struct err err = { 0 };

	(void)state;
	begin_restore(RESTORE);
	merged(RESTORE, "anna", "anna.vcf", ANNA, ANNA_SAVED);
	assert_rc(os_read_file(my.t.fd, "app/anna.vcf", &between, &err), 0, err);
	merged(RESTORE, "anna", "anna.vcf", buf_str(&between),
	       CARD("UID:anna\r\nFN:Anna\r\nTEL:+499\r\n"));
	assert_rc(undo_once(&r, NULL, no_keys, &err), 0, err);
	assert_int_equal(r.n_items, 1);
	assert_int_equal(told(&r, "anna")->n_removed, 3);
	assert_true(holds("anna.vcf", ANNA));
}

static void
many_cards_of_one_file_are_undone_in_few_writes(void **state)
{
	enum { N = 1200 };
	AUTO(undo_result_clear) struct undo_result r = { 0 };
	AUTO(buf_clear) struct buf all = BUF_INIT(4 << 20);
	AUTO(buf_clear) struct buf before = BUF_INIT(4 << 20);
	struct err err = { 0 };

	(void)state;
	put("all.vcf", "");
	a_box_app("people", "vcard", "all.vcf");
	begin_restore(RESTORE);
	for (unsigned i = 0; i < N; i++) {
		char card[200], id[20];
		struct kept k;
		bool made = i % 2;

		snprintf(id, sizeof id, "id%u", i);
		snprintf(card, sizeof card,
			 CARD("UID:id%u\r\nFN:N%u\r\nTEL:+49%u\r\nNOTE:added %u\r\n"), i, i, i, i);
		assert_rc(buf_append_str(&all, card, &err), 0, err);
		k = kept_of(made ? KEPT_CREATED : KEPT_ORIGINAL, RESTORE, id, "all.vcf");
		content_of(k.written, box_identity(my.b)->ids, span_str(card));
		AUTO(item_free) struct item *it = NULL;
		assert_rc(card_parse(&it, span_str(card), "", 1, NULL, &err), 0, err);
		struct field_key note = it->fields[it->n_fields - 1].key;
		k.added_keys = SPAN_ARRAY(note.b);
		*strstr(card, "NOTE:") = '\0';
		if (!made)
			assert_rc(buf_append_fmt(&before, &err, "%sEND:VCARD\r\n", card), 0, err);
		assert_rc(kept_put(my.b, &k, made ? span_of("", 0) : span_str("x"), &err), 0, err);
	}
	put("all.vcf", buf_str(&all));
	assert_rc(undo_once(&r, NULL, no_keys, &err), 0, err);
	assert_int_equal(r.written, N);
	assert_true(holds("all.vcf", buf_str(&before)));
}

/* Faults. */

static void
a_fault_at_any_call_leaves_it_to_the_next_undo(void **state)
{
	AUTO(undo_result_clear) struct undo_result r = { 0 };
	struct os_fault fault;
	struct err err;
	unsigned nth = 0;

	do {
		tear_down(state);
		set_up(state);
		restored();
		os_fault_at(&fault, ++nth, EIO, OS_FAULT_ONCE);
		undo_once(&r, NULL, no_keys, &err);
		os_fault_end(&fault);
		assert_rc(undo_once(&r, RESTORE, no_keys, &err), 0, err);
		assert_int_equal(r.failed, 0);
		assert_undone();
	} while (fault.fired);
	assert_true(nth > 15);
}

static void
a_fault_at_any_call_of_a_take_loses_nothing(void **state)
{
	AUTO(undo_result_clear) struct undo_result r = { 0 };
	struct os_fault fault;
	struct err err;
	unsigned nth = 0;

	do {
		tear_down(state);
		set_up(state);
		begin_restore(RESTORE);
		merged(RESTORE, "anna", "anna.vcf", ANNA,
		       CARD("UID:anna\r\nFN:Anna\r\nBDAY:1980-01-01\r\n"));
		os_fault_at(&fault, ++nth, EIO, OS_FAULT_ONCE);
		take_once("BDAY", &err);
		os_fault_end(&fault);
		if (take_once("BDAY", &err) < 0)
			assert_int_equal(err.code, ERR_NOT_FOUND);
		assert_true(holds("anna.vcf", ANNA_TAKEN));
		assert_int_equal(n_kept(KEPT_TAKEN), 1);
		assert_receipts(RECEIPT_TAKE, 1, 1);
		assert_rc(undo_once(&r, NULL, the_keys, &err), 0, err);
		assert_true(holds("anna.vcf", ANNA));
	} while (fault.fired);
	assert_true(nth > 15);
}

/* Kills. */

/* Start this program to do @what; it dies before its @nth call.  Did it? */
static bool
killed_at(const char *what, unsigned nth)
{
	char at[20], home[120];
	int status;
	pid_t child;

	snprintf(at, sizeof at, "%u", nth);
	snprintf(home, sizeof home, "%s/home", my.t.path);
	box_free(my.b);
	my.b = NULL;
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		setenv("LD_PRELOAD", getenv("CLOUDBOX_LIBFAULT"), 1);
		setenv("FAULT_CLASS", "disk-write", 1);
		setenv("FAULT_DO", "kill-before", 1);
		setenv("FAULT_AT", at, 1);
		execl(program, program, what, home, (char *)NULL);
		_exit(126);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	a_box_again();
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
		return true;
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	return false;
}

/* The next point of a sweep: every one with CLOUDBOX_SWEEP=full, else every fifth or so. */
static unsigned
next_point(unsigned nth)
{
	const char *how = getenv("CLOUDBOX_SWEEP"), *given = getenv("CLOUDBOX_TEST_SEED");
	static unsigned seed;

	if (how && strcmp(how, "full") == 0)
		return nth + 1;
	if (seed == 0) {
		seed = given ? (unsigned)strtoul(given, NULL, 10) : (unsigned)os->now_unix_ms();
		print_message("CLOUDBOX_TEST_SEED=%u\n", seed);
	}
	seed = seed * 1103515245u + 12345u;
	return nth + 1 + (seed >> 16) % 11;
}

static void
need_libfault(void)
{
	const char *path = getenv("CLOUDBOX_LIBFAULT");

	if (path && access(path, R_OK) == 0)
		return;
	print_message("skipped: CLOUDBOX_LIBFAULT does not name tests/fault/libfault.so\n");
	skip();
}

static void
an_undo_killed_at_any_call_is_finished_by_the_next(void **state)
{
	AUTO(undo_result_clear) struct undo_result r = { 0 };
	AUTO(buf_clear) struct buf merged_anna = BUF_INIT(1 << 20);
	struct err err = { 0 };
	unsigned nth = 0, n = 0;
	bool killed;

	need_libfault();
	do {
		tear_down(state);
		set_up(state);
		restored();
		buf_reset(&merged_anna);
		assert_rc(os_read_file(my.t.fd, "app/anna.vcf", &merged_anna, &err), 0, err);
		killed = killed_at("undo", nth = next_point(nth));
		n += killed;
		assert_true(holds("anna.vcf", ANNA) || holds("anna.vcf", buf_str(&merged_anna)));
		assert_true(!is_there("ben.vcf") || holds("ben.vcf", BEN));
		assert_true(!is_there("doc.txt") || holds("doc.txt", DOCUMENT));
		assert_rc(undo_once(&r, RESTORE, no_keys, &err), 0, err);
		assert_int_equal(r.failed, 0);
		assert_undone();
		assert_int_equal(temp_count(&my.t, "app"), 2); /* .keep, Anna, no leftover */
	} while (killed);
	print_message("killed before %u of %u calls\n", n, nth - 1);
	assert_true(nth > 60 && n > 5);
}

static void
a_take_killed_at_any_call_is_finished_or_forgotten(void **state)
{
	AUTO(undo_result_clear) struct undo_result r = { 0 };
	struct err err = { 0 };
	unsigned nth = 0, n = 0, n_finished = 0;
	bool killed, written;

	need_libfault();
	do {
		tear_down(state);
		set_up(state);
		begin_restore(RESTORE);
		merged(RESTORE, "anna", "anna.vcf", ANNA,
		       CARD("UID:anna\r\nFN:Anna\r\nBDAY:1980-01-01\r\n"));
		assert_true(holds("anna.vcf", ANNA));
		killed = killed_at("take", nth = next_point(nth));
		n += killed;
		written = holds("anna.vcf", ANNA_TAKEN);
		assert_true(written || holds("anna.vcf", ANNA));
		assert_true(written || n_kept(KEPT_HELD) == 1);
		/* Again: done, or found done. */
		if (take_once("BDAY", &err) < 0) {
			assert_int_equal(err.code, ERR_NOT_FOUND);
			assert_true(written);
			n_finished++;
		}
		assert_true(holds("anna.vcf", ANNA_TAKEN));
		assert_int_equal(n_kept(KEPT_HELD), 0);
		assert_int_equal(n_kept(KEPT_TAKEN), 1);
		assert_receipts(RECEIPT_TAKE, 1, 1);
		assert_rc(undo_once(&r, NULL, the_keys, &err), 0, err);
		assert_int_equal(told(&r, "anna")->outcome, UNDO_PUT_BACK);
		assert_true(holds("anna.vcf", ANNA));
		assert_int_equal(n_kept(KEPT_HELD), 1);
	} while (killed);
	print_message("killed before %u of %u calls; %u times found done\n", n, nth - 1,
		      n_finished);
	assert_true(nth > 60 && n > 5 && n_finished > 0);
}

static void
a_killed_take_that_was_edited_since_loses_neither_value(void **state)
{
	struct err err = { 0 };

	need_libfault();
	for (unsigned nth = 1; !holds("anna.vcf", ANNA_TAKEN); nth++) {
		tear_down(state);
		set_up(state);
		begin_restore(RESTORE);
		merged(RESTORE, "anna", "anna.vcf", ANNA,
		       CARD("UID:anna\r\nFN:Anna\r\nBDAY:1980-01-01\r\n"));
		assert_true(killed_at("take", nth));
	}
	put("anna.vcf", CARD("UID:anna\r\nFN:Anna\r\nBDAY:1999-09-09\r\n"));
	assert_rc(take_recover(my.b, &err), 0, err);
	assert_int_equal(n_kept(KEPT_TAKEN), 1); /* the original */
	assert_int_equal(n_kept(KEPT_HELD), 1);
	assert_true(holds("anna.vcf", CARD("UID:anna\r\nFN:Anna\r\nBDAY:1999-09-09\r\n")));
}

static void
a_value_of_another_version_can_be_undone_after_an_edit(void **state)
{
	AUTO(undo_result_clear) struct undo_result r = { 0 };
	struct err err = { 0 };

	(void)state;
	begin_restore(RESTORE);
	merged(RESTORE, "anna", "anna.vcf", ANNA,
	       "BEGIN:VCARD\r\nVERSION:4.0\r\nUID:anna\r\nFN:Anna\r\nBDAY:19800101\r\nEND:"
	       "VCARD\r\n");
	assert_rc(take_once("bday", &err), 0, err);
	assert_int_equal(take_once("BDAY", &err), -1);
	assert_int_equal(err.code, ERR_NOT_FOUND);
	assert_int_equal(undo_once(&r, NULL, no_keys, &err), -1); /* the old value is sealed */
	assert_int_equal(err.code, ERR_LOCKED);
	put("anna.vcf", CARD("UID:anna\r\nFN:Anna\r\nTEL:+491\r\nBDAY:19800101\r\nNOTE:new\r\n"));
	assert_rc(undo_once(&r, NULL, the_keys, &err), 0, err);
	assert_int_equal(told(&r, "anna")->outcome, UNDO_PUT_BACK);
	assert_true(holds("anna.vcf", CARD("UID:anna\r\nFN:Anna\r\nTEL:+491\r\nBDAY:1981-02-03\r\n"
					   "NOTE:new\r\n")));
}

/* The child: `undo HOME` or `take HOME`. */
static int
child_main(const char *what, const char *home)
{
	AUTO(undo_result_clear) struct undo_result r = { 0 };
	struct err err = { 0 };
	int rc;

	if (crypto_init(&err) < 0 || box_open(&my.b, home, &err) < 0)
		return 3;
	load_keys();
	rc = strcmp(what, "undo") == 0 ? undo_once(&r, NULL, no_keys, &err)
				       : take_once("BDAY", &err);
	if (rc < 0)
		fprintf(stderr, "%s: %s\n", what, err.msg);
	secret_free(keys.aek);
	secret_free(keys.psk);
	box_free(my.b);
	return rc < 0 ? 4 : 0;
}

int
main(int argc, char **argv)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		T(undo_takes_away_what_was_added_and_needs_no_key),
		T(a_renamed_item_is_found_by_what_was_written),
		T(another_item_under_the_same_id_is_left_alone),
		T(what_cannot_be_undone_is_named_and_stays),
		T(two_merges_into_one_item_are_undone_together),
		T(many_cards_of_one_file_are_undone_in_few_writes),
		T(a_fault_at_any_call_leaves_it_to_the_next_undo),
		T(a_fault_at_any_call_of_a_take_loses_nothing),
		T(a_value_of_another_version_can_be_undone_after_an_edit),
	};
	const struct CMUnitTest kills[] = {
		T(an_undo_killed_at_any_call_is_finished_by_the_next),
		T(a_take_killed_at_any_call_is_finished_or_forgotten),
		T(a_killed_take_that_was_edited_since_loses_neither_value),
	};
	/* Set to nothing: a build with sanitizers, which want to be a program's first library. */
	const char *libfault = getenv("CLOUDBOX_LIBFAULT");

	program = argv[0];
	if (argc == 3)
		return child_main(argv[1], argv[2]);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	if (!libfault || libfault[0])
		failed += cmocka_run_group_tests(kills, NULL, NULL);
	return failed;
}
