/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A restore into real apps and a real Box, from a made-up cloud: what comes, what is kept before, and
 * that no fault and no kill at any moment loses, halves or doubles anything.
 */
#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "box/box_apps.h"
#include "box/saved.h"
#include "made_cloud.h"
#include "os/os.h"
#include "os_fault.h"
#include "restore/held.h"
#include "restore/restore_internal.h"

#define CARD(body) "BEGIN:VCARD\r\nVERSION:3.0\r\n" body "END:VCARD\r\n"
#define ANNA       CARD("UID:anna\r\nFN:Anna\r\nTEL:+491\r\nTEL:+492\r\nBDAY:1980-01-01\r\n")
#define BEN        CARD("UID:ben\r\nFN:Ben\r\nTEL:+493\r\n")
#define CLEO       CARD("UID:cleo\r\nFN:Cleo\r\nNOTE:a note in a chunk of its own\r\n")

static const struct made_item items[] = {
	{ "contacts", "anna", "Anna", ANNA, NULL, false, "anna.vcf" },
	{ "contacts", "ben", "Ben", BEN, NULL, false, "ben.vcf" },
	{ "contacts", "cleo", "Cleo", CLEO, "a note in a chunk", false, "sub/cleo.vcf" },
	{ "documents", "a.txt", "a.txt", "text a", NULL, false, NULL },
	{ "documents", "sub/b.txt", "b.txt", "text b, a part of it in a chunk", "in a chunk", false,
	  NULL },
	{ "documents", "empty", "empty", "", NULL, false, NULL },
};

struct fixture {
	char folder[64]; /* home, contacts and documents lie in it */
	struct made_account *account;
	struct made_cloud cloud; /* of device 0; this terminal is device 1 */
	struct box *box;
	struct restore_result result;
	struct err err;
	struct restore_watch watch;
	const struct restore_watch *watching;
	const char *create_dir;
};

/* The terminal. */

static void
path_of(char *out, size_t n, const struct fixture *f, const char *path)
{
	snprintf(out, n, "%s/%s", f->folder, path);
}

static void
open_box(struct fixture *f)
{
	char home[128];

	path_of(home, sizeof home, f, "home");
	assert_int_equal(box_open(&f->box, home, &f->err), 0);
}

static void
create_identity(struct fixture *f)
{
	const struct made_device *d = &f->account->devices[1];
	AUTO(secret_free) struct secret *dps = NULL;
	struct identity_server server = { .url = "http://127.0.0.1:1", .tls = IDENTITY_TLS_NONE };
	struct identity_keys keys = { .epoch = LOG_FIRST_EPOCH,
				      .dsk_seed = d->seed,
				      .psk = f->account->keys->psk,
				      .root = d->root };
	uint8_t head[32] = { 1 };
	struct identity_new new = { .account = f->account->id.b,
				    .device = d->log.id.b,
				    .name = "test",
				    .server = &server,
				    .keys = &keys,
				    .log_length = 2,
				    .log_head = head,
				    .first_head = head };

	assert_int_equal(account_device_psk(&dps, f->account->keys, d->log.id.b, NULL), 0);
	keys.dps = dps;
	memcpy(keys.ask_public, sign_key_public(f->account->keys->ask), sizeof keys.ask_public);
	memcpy(keys.aek_public, f->account->keys->aek_public, sizeof keys.aek_public);
	assert_int_equal(identity_create(f->box, &new, &f->err), 0);
}

static void
add_app(struct fixture *f, const char *name, const char *adapter)
{
	char path[128];
	AUTO(app_free) struct app *app = NULL;

	path_of(path, sizeof path, f, name);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(app_new(&app, name, adapter, path, NULL), 0);
	assert_int_equal(box_app_put(f->box, app, &f->err), 0);
}

static int
set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);

	assert_non_null(f);
	strcpy(f->folder, "/tmp/cloudbox-test-restore-XXXXXX");
	assert_non_null(mkdtemp(f->folder));
	f->account = made_account_new(2);
	made_cloud_init(&f->cloud, f->account, 0);
	made_batch(&f->cloud, items, N_ELEMENTS(items));
	open_box(f);
	create_identity(f);
	add_app(f, "contacts", "vcard");
	add_app(f, "documents", "files");
	*state = f;
	return 0;
}

static int
remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

static void
empty(const struct fixture *f, const char *sub)
{
	char path[128];

	path_of(path, sizeof path, f, sub);
	nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static int
tear_down(void **state)
{
	struct fixture *f = *state;

	restore_result_clear(&f->result);
	box_free(f->box);
	made_cloud_clear(&f->cloud);
	made_account_free(f->account);
	empty(f, "");
	free(f);
	return 0;
}

/* Files. */

static void
put(const struct fixture *f, const char *path, const char *content)
{
	char full[256];
	FILE *file;

	path_of(full, sizeof full, f, path);
	file = fopen(full, "w");
	assert_non_null(file);
	assert_int_equal(fputs(content, file) < 0, 0);
	assert_int_equal(fclose(file), 0);
}

/* "" for an empty file; NULL for none. */
static const char *
content_of_file(const struct fixture *f, const char *path)
{
	static char content[8192];
	char full[256];
	size_t n;
	FILE *file;

	path_of(full, sizeof full, f, path);
	file = fopen(full, "r");
	if (!file)
		return NULL;
	n = fread(content, 1, sizeof content - 1, file);
	content[n] = '\0';
	fclose(file);
	return content;
}

static void
assert_file(const struct fixture *f, const char *path, const char *content)
{
	const char *have = content_of_file(f, path);

	if (!have)
		fail_msg("%s is not there", path);
	assert_string_equal(have, content);
}

static unsigned n_files, n_temporary;

static int
count_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	if (flag == FTW_F && path[ftw->base] == '.')
		n_temporary++;
	else if (flag == FTW_F)
		n_files++;
	return 0;
}

/* Files of people in the app's folder; those that a killed writer left behind are summed up in
 * n_temporary. */
static unsigned
count_files(const struct fixture *f, const char *app)
{
	char path[128];

	n_files = 0;
	path_of(path, sizeof path, f, app);
	nftw(path, count_one, 16, FTW_PHYS);
	return n_files;
}

/* The restore. */

static int
restore(struct fixture *f, const char *app, bool preview)
{
	struct restore_request rq = { .app = app, .preview = preview, .create_dir = f->create_dir };
	struct run r = { .out = &f->result,
			 .box = f->box,
			 .me = box_identity(f->box),
			 .rq = &rq,
			 .watch = f->watching };
	struct opener_keys keys = made_keys(&f->cloud);
	struct fetch_source source = made_source(&f->cloud);
	int rc;

	restore_result_clear(&f->result);
	f->err = (struct err){ 0 };
	rc = fetch_new(&r.fetch, &keys, &source, &f->err);
	if (rc == 0)
		rc = fetch_list(r.fetch, &f->err);
	if (rc == 0)
		rc = run_begin(&r, &f->err);
	if (rc == 0)
		rc = restore_folders(&r, &f->err);
	return run_end(&r, rc, &f->err);
}

static void
restore_all(struct fixture *f)
{
	if (restore(f, NULL, false) < 0)
		fail_msg("%s", f->err.msg);
}

static const struct restore_item *
told_at(const struct fixture *f, size_t i)
{
	const struct restore_item *item = NULL;

	assert_int_equal(restore_result_item(&item, &f->result, i, NULL), 0);
	return item;
}

/* Until the next one is asked for. */
static const struct restore_item *
told(const struct fixture *f, const char *app, const char *id)
{
	for (size_t i = 0; i < f->result.n_items; i++) {
		const struct restore_item *item = told_at(f, i);

		if (strcmp(item->app, app) == 0 && strcmp(item->id, id) == 0)
			return item;
	}
	fail_msg("%s %s is not told of", app, id);
	return NULL;
}

static void
assert_all_there(const struct fixture *f)
{
	assert_file(f, "contacts/anna.vcf", ANNA);
	assert_file(f, "contacts/ben.vcf", BEN);
	assert_file(f, "contacts/sub/cleo.vcf", CLEO);
	assert_int_equal(count_files(f, "contacts"), 3);
	assert_file(f, "documents/a.txt", "text a");
	assert_file(f, "documents/sub/b.txt", "text b, a part of it in a chunk");
	assert_file(f, "documents/empty", "");
	assert_int_equal(count_files(f, "documents"), 3);
}

static void
assert_again_nothing_is_written(struct fixture *f)
{
	restore_all(f);
	assert_int_equal(f->result.written, 0);
	for (size_t i = 0; i < f->result.n_items; i++) {
		const struct restore_item *item = told_at(f, i);

		assert_int_equal(item->n_added, 0);
		assert_int_not_equal(item->outcome, RESTORE_ADDED);
		assert_int_not_equal(item->outcome, RESTORE_FAILED);
	}
}

static void
everything_comes_back_to_the_byte_and_again_nothing_is_written(void **state)
{
	struct fixture *f = *state;
	struct stat st;
	char path[128];

	restore_all(f);
	assert_int_equal(f->result.written, 6);
	assert_int_equal(f->result.failed, 0);
	for (size_t i = 0; i < f->result.n_items; i++)
		assert_int_equal(told_at(f, i)->outcome, RESTORE_ADDED);
	assert_all_there(f);
	path_of(path, sizeof path, f, "documents/a.txt");
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mtime, 1000000000);
	f->cloud.n_objects_asked = 0;
	assert_again_nothing_is_written(f);
	assert_all_there(f);
}

struct counting {
	unsigned n;
};

static int
count_kept(void *ctx, const struct kept *k, struct err *err)
{
	(void)k;
	(void)err;
	((struct counting *)ctx)->n++;
	return 0;
}

static int
count_row(void *ctx, const struct restore_row *row, struct err *err)
{
	(void)row;
	(void)err;
	((struct counting *)ctx)->n++;
	return 0;
}

static int
count_receipt(void *ctx, const struct receipt *r, struct err *err)
{
	(void)r;
	(void)err;
	((struct counting *)ctx)->n++;
	return 0;
}

static unsigned
kept_of_kind(struct fixture *f, enum kept_kind kind)
{
	struct kept_filter filter = { .kind = kind };
	struct counting c = { 0 };

	assert_int_equal(kept_each(f->box, &filter, count_kept, &c, &f->err), 0);
	return c.n;
}

static void
a_preview_writes_nothing_and_says_what_would_be_done(void **state)
{
	struct fixture *f = *state;
	struct counting rows = { 0 }, receipts = { 0 };

	put(f, "contacts/a.vcf", CARD("UID:anna\r\nFN:Anna\r\nTEL:+491\r\n"));
	assert_int_equal(restore(f, NULL, true), 0);
	assert_int_equal(f->result.written, 0);
	assert_string_equal(f->result.id, "");
	assert_int_equal(told(f, "contacts", "anna")->outcome, RESTORE_MERGED);
	assert_int_equal(told(f, "contacts", "anna")->n_added, 2);
	assert_int_equal(told(f, "contacts", "ben")->outcome, RESTORE_ADDED);
	assert_int_equal(told(f, "documents", "a.txt")->outcome, RESTORE_ADDED);
	assert_int_equal(count_files(f, "contacts"), 1);
	assert_int_equal(count_files(f, "documents"), 0);
	assert_int_equal(kept_of_kind(f, 0) + kept_of_kind(f, KEPT_HELD), 0);
	assert_int_equal(restore_rows_each(f->box, count_row, &rows, &f->err), 0);
	assert_int_equal(receipts_each(f->box, count_receipt, &receipts, &f->err), 0);
	assert_int_equal(rows.n + receipts.n, 0);
}

static int
open_original(void *ctx, const struct kept *k, struct err *err)
{
	struct fixture *f = ctx;
	AUTO(buf_clear) struct buf body = BUF_INIT(1 << 20);

	if (k->kind != KEPT_ORIGINAL)
		return 0;
	assert_true(span_equal(k->native_id, span_str("anna")));
	assert_int_equal(k->added_keys.n, FIELD_KEY_BYTES);
	assert_int_equal(
		kept_open(&body, f->box, k, f->account->keys->psk, f->account->keys->aek, err), 0);
	assert_string_equal(buf_str(&body),
			    CARD("UID:anna\r\nFN:Ann\r\nTEL:+491\r\nBDAY:1970-01-01\r\n"));
	return 0;
}

static void
what_was_here_stays_what_is_missing_comes_and_both_are_kept(void **state)
{
	struct fixture *f = *state;
	const struct restore_item *anna;

	put(f, "contacts/a.vcf", CARD("UID:anna\r\nFN:Ann\r\nTEL:+491\r\nBDAY:1970-01-01\r\n"));
	put(f, "documents/a.txt", "mine");
	restore_all(f);
	anna = told(f, "contacts", "anna");
	assert_int_equal(anna->outcome, RESTORE_MERGED);
	assert_int_equal(anna->n_added, 1);
	assert_int_equal(anna->n_held, 2);
	assert_file(f, "contacts/a.vcf",
		    CARD("UID:anna\r\nFN:Ann\r\nTEL:+491\r\nBDAY:1970-01-01\r\nTEL:+492\r\n"));
	assert_file(f, "documents/a.txt", "mine");
	assert_file(f, "documents/a (from backup).txt", "text a");
	assert_int_equal(kept_of_kind(f, KEPT_ORIGINAL), 1);
	assert_int_equal(kept_of_kind(f, KEPT_CREATED), 5);
	assert_int_equal(kept_of_kind(f, KEPT_HELD), 2);
	assert_again_nothing_is_written(f);
	assert_int_equal(told(f, "contacts", "anna")->n_held, 2);
	assert_int_equal(kept_of_kind(f, KEPT_HELD), 2); /* not doubled */
}

static void
an_original_is_kept_to_the_byte(void **state)
{
	struct fixture *f = *state;
	struct kept_filter originals = { .kind = KEPT_ORIGINAL };

	put(f, "contacts/a.vcf", CARD("UID:anna\r\nFN:Ann\r\nTEL:+491\r\nBDAY:1970-01-01\r\n"));
	restore_all(f);
	assert_int_equal(kept_each(f->box, &originals, open_original, f, &f->err), 0);
}

static void
a_damaged_chunk_costs_its_item_alone(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < f->cloud.n_objects; i++)
		f->cloud.objects[i].bytes.p[f->cloud.objects[i].bytes.n - 1] ^= 1;
	restore_all(f);
	assert_int_equal(f->result.failed, 2);
	assert_int_equal(told(f, "contacts", "cleo")->outcome, RESTORE_FAILED);
	assert_string_equal(told(f, "contacts", "cleo")->name, "Cleo");
	assert_true(told(f, "contacts", "cleo")->reason[0] != '\0');
	assert_int_equal(told(f, "documents", "sub/b.txt")->outcome, RESTORE_FAILED);
	assert_int_equal(f->result.written, 4);
	n_temporary = 0;
	assert_int_equal(count_files(f, "documents"), 2);
	assert_int_equal(n_temporary, 0);
	for (size_t i = 0; i < f->cloud.n_objects; i++)
		f->cloud.objects[i].bytes.p[f->cloud.objects[i].bytes.n - 1] ^= 1;
	restore_all(f);
	assert_all_there(f);
}

static void
a_damaged_record_is_named_by_the_box_of_its_device(void **state)
{
	struct fixture *f = *state;
	static const struct made_item box = { "box",
					      "contacts/00",
					      "contacts/00",
					      "\x01\x04"
					      "anna\x02\x08"
					      "anna.vcf\x03"
					      "ben\x02"
					      "\x07"
					      "ben.vcf",
					      NULL,
					      false,
					      NULL };
	struct buf *frame = &made_find(&f->cloud, 0, "contacts", "ben")->frame;

	made_batch(&f->cloud, &box, 1);
	frame->p[frame->n - 1] ^= 1;
	restore_all(f);
	assert_int_equal(f->result.failed, 1);
	assert_int_equal(f->result.n_items, 6); /* the Box's own items are none of them */
	assert_int_equal(told(f, "contacts", "ben")->outcome, RESTORE_FAILED);
	assert_string_equal(told(f, "contacts", "ben")->name, "ben.vcf");
	assert_int_equal(f->result.written, 5);
}

/* The app is edited after the plan was made: asked between plan and write. */
static unsigned n_edits;

static bool
edit_once(void *ctx)
{
	struct fixture *f = ctx;

	if (n_edits++ == 1) {
		put(f, "contacts/a.vcf",
		    CARD("UID:anna\r\nFN:Anna\r\nTEL:+491\r\nNOTE:edited meanwhile\r\n"));
	}
	return false;
}

static void
an_app_edited_under_the_restore_is_merged_anew(void **state)
{
	struct fixture *f = *state;

	put(f, "contacts/a.vcf", CARD("UID:anna\r\nFN:Anna\r\nTEL:+491\r\n"));
	n_edits = 0;
	f->watch = (struct restore_watch){ .ctx = f, .cancelled = edit_once };
	f->watching = &f->watch;
	if (restore(f, "contacts", false) < 0)
		fail_msg("%s", f->err.msg);
	f->watching = NULL;
	assert_true(n_edits >= 2);
	assert_file(f, "contacts/a.vcf",
		    CARD("UID:anna\r\nFN:Anna\r\nTEL:+491\r\nNOTE:edited meanwhile\r\n"
			 "TEL:+492\r\nBDAY:1980-01-01\r\n"));
	assert_int_equal(kept_of_kind(f, KEPT_ORIGINAL), 1);
	assert_int_equal(restore(f, "contacts", false), 0);
	assert_int_equal(f->result.written, 0);
}

static void
an_app_that_is_not_here_is_skipped_with_the_line_to_type(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(box_app_remove(f->box, "contacts", &f->err), 0);
	restore_all(f);
	assert_int_equal(told(f, "contacts", "anna")->outcome, RESTORE_SKIPPED);
	assert_non_null(strstr(told(f, "contacts", "anna")->reason,
			       "cloudbox apps add contacts --adapter vcard --path"));
	assert_int_equal(f->result.written, 3);
}

static void
an_app_that_is_not_here_is_created_in_open_formats(void **state)
{
	struct fixture *f = *state;
	char dir[128];

	assert_int_equal(box_app_remove(f->box, "contacts", &f->err), 0);
	assert_int_equal(box_app_remove(f->box, "documents", &f->err), 0);
	empty(f, "contacts");
	empty(f, "documents");
	path_of(dir, sizeof dir, f, "");
	f->create_dir = dir;
	assert_int_equal(restore(f, NULL, true), 0);
	assert_int_equal(told(f, "contacts", "anna")->outcome, RESTORE_ADDED);
	assert_null(content_of_file(f, "contacts/anna.vcf"));
	restore_all(f);
	assert_int_equal(f->result.written, 6);
	assert_all_there(f);
	assert_again_nothing_is_written(f);
}

/* Faults. */

/* Inheritance. */

/* This terminal takes the place of the one whose cloud it is. */
static void
replace(struct fixture *f)
{
	struct identity_device old = { .seq = 1 };

	memcpy(old.device, f->account->devices[0].log.id.b, sizeof old.device);
	assert_int_equal(identity_put_replaced(f->box, &old, &f->err), 0);
}

/* The Box knows the chunk of device 0 that holds @plain by this terminal's id for it, or not. */
static void
assert_inherited(struct fixture *f, const char *plain, int expected)
{
	AUTO(chunk_entries_clear) struct chunk_entries found = { 0 };
	AUTO(buf_clear) struct buf bytes = BUF_INIT(ENTRY_BYTES_MAX);
	struct hash32 ids[2];

	for (int i = 0; i < 2; i++)
		assert_int_equal(keys_chunk_id(ids[i].b, f->account->devices[i].ids, CHUNK_VALUE,
					       span_str(plain), NULL),
				 0);
	assert_int_equal(saved_inherited(&bytes, f->box, ids[1].b, &f->err), expected);
	if (expected != 0)
		return;
	assert_int_equal(chunk_entries_decode(&found, buf_span(&bytes), NULL), 0);
	assert_int_equal(found.n, 1);
	assert_int_equal(found.e[0].class, CHUNK_VALUE);
	assert_true(found.e[0].foreign);
	assert_true(id16_equal(&found.e[0].device, &f->account->devices[0].log.id));
	assert_true(hash32_equal(&found.e[0].cid, &ids[0]));
}

static void
chunks_of_a_replaced_device_are_learned_where_they_open(void **state)
{
	struct fixture *f = *state;

	restore_all(f);
	assert_inherited(f, "a note in a chunk", BOX_ABSENT); /* it replaced nobody */
	replace(f);
	assert_int_equal(restore(f, NULL, true), 0);
	assert_inherited(f, "a note in a chunk", BOX_ABSENT); /* a preview writes nothing */
	restore_all(f);
	assert_int_equal(f->result.written, 0); /* what is here already is as good */
	assert_inherited(f, "a note in a chunk", 0);
	assert_inherited(f, "in a chunk", 0);
	assert_inherited(f, "text a", BOX_ABSENT); /* no chunk: it lies in its record */
}

/* Bring both apps into a state with something to merge, something beside, something to add. */
static void
begin_anew(struct fixture *f)
{
	char path[128];

	for (int i = 0; i < 2; i++) {
		empty(f, i ? "documents" : "contacts");
		path_of(path, sizeof path, f, i ? "documents" : "contacts");
		assert_int_equal(mkdir(path, 0700), 0);
	}
	put(f, "contacts/a.vcf", CARD("UID:anna\r\nFN:Anna\r\nTEL:+491\r\n"));
	put(f, "documents/a.txt", "mine");
}

static void
assert_merged(const struct fixture *f)
{
	n_temporary = 0;
	assert_file(f, "contacts/a.vcf",
		    CARD("UID:anna\r\nFN:Anna\r\nTEL:+491\r\nTEL:+492\r\nBDAY:1980-01-01\r\n"));
	assert_file(f, "contacts/ben.vcf", BEN);
	assert_file(f, "contacts/sub/cleo.vcf", CLEO);
	assert_int_equal(count_files(f, "contacts"), 3);
	assert_file(f, "documents/a.txt", "mine");
	assert_file(f, "documents/a (from backup).txt", "text a");
	assert_file(f, "documents/sub/b.txt", "text b, a part of it in a chunk");
	assert_file(f, "documents/empty", "");
	assert_int_equal(count_files(f, "documents"), 4);
}

/* Each file is as it was or as it should be. */
static void
assert_nothing_is_half(const struct fixture *f)
{
	static const struct {
		const char *path;
		const char *before; /* NULL: was not there */
		const char *after;
	} files[] = {
		{ "contacts/a.vcf", CARD("UID:anna\r\nFN:Anna\r\nTEL:+491\r\n"),
		  CARD("UID:anna\r\nFN:Anna\r\nTEL:+491\r\nTEL:+492\r\nBDAY:1980-01-01\r\n") },
		{ "contacts/ben.vcf", NULL, BEN },
		{ "contacts/sub/cleo.vcf", NULL, CLEO },
		{ "documents/a.txt", "mine", "mine" },
		{ "documents/a (from backup).txt", NULL, "text a" },
		{ "documents/sub/b.txt", NULL, "text b, a part of it in a chunk" },
		{ "documents/empty", NULL, "" },
	};

	for (size_t i = 0; i < N_ELEMENTS(files); i++) {
		const char *have = content_of_file(f, files[i].path);

		if (!have) {
			assert_null(files[i].before);
			continue;
		}
		if (!files[i].before || strcmp(have, files[i].before) != 0)
			assert_string_equal(have, files[i].after);
	}
}

static void
whatever_call_fails_the_next_restore_completes_it(void **state)
{
	struct fixture *f = *state;
	struct os_fault fault;
	unsigned nth = 0;

	replace(f);
	do {
		begin_anew(f);
		os_fault_at(&fault, ++nth, EIO, OS_FAULT_ONCE);
		restore(f, NULL, false);
		os_fault_end(&fault);
		assert_nothing_is_half(f);
		restore_all(f);
		assert_int_equal(f->result.failed, 0);
		assert_merged(f);
		assert_inherited(f, "a note in a chunk", 0);
		assert_again_nothing_is_written(f);
	} while (fault.fired);
	assert_true(nth > 40); /* a sweep must not pass by missing */
}

static void
killed_at_any_call_nothing_is_lost_half_or_doubled(void **state)
{
	struct fixture *f = *state;
	unsigned nth = 0;
	int status;

	do {
		pid_t child;

		begin_anew(f);
		box_free(f->box);
		f->box = NULL;
		child = fork();
		assert_true(child >= 0);
		if (child == 0) {
			struct os_fault fault;

			open_box(f);
			os_fault_at(&fault, ++nth, 0, OS_FAULT_KILL);
			_exit(restore(f, NULL, false) == 0 ? 0 : 1);
		}
		nth++;
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFEXITED(status));
		assert_true(WEXITSTATUS(status) == OS_FAULT_EXIT || WEXITSTATUS(status) == 0);
		open_box(f);
		assert_nothing_is_half(f);
		restore_all(f);
		assert_int_equal(f->result.failed, 0);
		assert_merged(f);
		assert_int_equal(n_temporary, 0);
		assert_again_nothing_is_written(f);
	} while (WEXITSTATUS(status) == OS_FAULT_EXIT);
	assert_true(nth > 40);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(everything_comes_back_to_the_byte_and_again_nothing_is_written),
		TEST(a_preview_writes_nothing_and_says_what_would_be_done),
		TEST(what_was_here_stays_what_is_missing_comes_and_both_are_kept),
		TEST(an_original_is_kept_to_the_byte),
		TEST(a_damaged_chunk_costs_its_item_alone),
		TEST(a_damaged_record_is_named_by_the_box_of_its_device),
		TEST(an_app_edited_under_the_restore_is_merged_anew),
		TEST(an_app_that_is_not_here_is_skipped_with_the_line_to_type),
		TEST(an_app_that_is_not_here_is_created_in_open_formats),
		TEST(chunks_of_a_replaced_device_are_learned_where_they_open),
		TEST(whatever_call_fails_the_next_restore_completes_it),
		TEST(killed_at_any_call_nothing_is_lost_half_or_doubled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
