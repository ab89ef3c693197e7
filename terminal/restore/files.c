/* SPDX-License-Identifier: Apache-2.0 */
/*
 * files: the restore of an app whose items are whole files.
 *
 *     nothing at its path             it comes there
 *     the same content                identical
 *     other content                   the terminal's stays; the backup's comes once beside it, as
 *                                     NAME (from backup).EXT
 *
 * A file's bytes flow from the server into a temporary file that is linked into place whole; no
 * more than a few chunks are in memory.
 */
#include <stdio.h>
#include <strings.h>

#include "base/array.h"
#include "base/text.h"
#include "box/content.h"
#include "box/inventory.h"
#include "merge/merge.h"
#include "restore/restore_internal.h"
#include "restore/result_rows.h"
#include "restore/same_file.h"

#define FILES_MAX   (1u << 22)
#define GROUP_BYTES (8u << 20) /* files whose chunks are fetched ahead together */

/* What was written: told to the inventory once the app is read anew. */
struct written {
	char *path;
	struct app_place place;
	uint8_t content[BOX_HASH_BYTES];
};

struct files {
	struct run *r;
	struct target *t;
	struct app_source *live; /* owned, with its paths; ascending */
	size_t n_live, cap_live;
	struct written *written; /* owned */
	size_t n_written, cap_written;
};

/* One file of the backup on its way. */
struct file {
	const struct opened *from;
	size_t row;
	enum merge_file plan;
	bool beside;     /* at "NAME (from backup).EXT" */
	bool decided;    /* to be written, else done with */
	bool fetched;    /* all of its bytes came and opened */
	struct buf path; /* where it is to lie */
	int64_t kept;
	struct item_writer *writer; /* owned; written, and not in place yet */
	uint8_t content[BOX_HASH_BYTES];
	bool again; /* a file took its place meanwhile */
};

/* The folder as it is. */

static void
live_clear(struct files *f)
{
	for (size_t i = 0; i < f->n_live; i++)
		free((void *)(uintptr_t)f->live[i].path);
	free(f->live);
	f->live = NULL;
	f->n_live = f->cap_live = 0;
}

static int
add_live(void *ctx, const struct app_source *source, struct err *err)
{
	struct files *f = ctx;

	if (array_reserve((void **)&f->live, &f->cap_live, f->n_live + 1, sizeof *f->live,
			  FILES_MAX, err) < 0)
		return -1;
	f->live[f->n_live] = *source;
	f->live[f->n_live].path = strdup(source->path);
	return f->live[f->n_live++].path ? 0 : err_nomem(err);
}

static int
pass_by(void *ctx, const struct app_refused *refused, struct err *err)
{
	(void)ctx;
	(void)refused;
	(void)err;
	return 0;
}

static int
by_path(const void *a, const void *b)
{
	const struct app_source *x = a, *y = b;

	return strcmp(x->path, y->path);
}

static int
live_load(struct files *f, struct err *err)
{
	live_clear(f);
	if (f->t->session->adapter->sources(f->t->session, add_live, pass_by, f, err) < 0)
		return -1;
	if (f->n_live > 1)
		qsort(f->live, f->n_live, sizeof *f->live, by_path);
	return 0;
}

static const struct app_source *
live_find(const struct files *f, const char *path)
{
	struct app_source key = { .path = path };

	return f->n_live ? bsearch(&key, f->live, f->n_live, sizeof *f->live, by_path) : NULL;
}

int
files_new(struct files **out, struct run *r, struct target *t, struct err *err)
{
	AUTO(files_free) struct files *f = calloc(1, sizeof *f);

	if (!f)
		return err_nomem(err);
	f->r = r;
	f->t = t;
	if (live_load(f, err) < 0)
		return -1;
	*out = TAKE(f);
	return 0;
}

void
files_free(struct files *f)
{
	if (!f)
		return;
	live_clear(f);
	for (size_t i = 0; i < f->n_written; i++)
		free(f->written[i].path);
	free(f->written);
	free(f);
}

/* 1. What to do with a file. */

/* Like the content hashes that merge_file() compares: all that counts is which are equal. */
static const struct span backup_hash = { (const uint8_t *)"backup", 6 };
static const struct span other_hash = { (const uint8_t *)"other", 5 };

/* 0 with *have NULL (no such file), or the file's stand-in for a hash; APP_MOVED; -1. */
static int
content_at(const struct span **have, struct file *file, struct files *f, const char *path,
	   struct err *err)
{
	const struct record *rec = &file->from->record;
	const struct app_source *s = live_find(f, path);
	struct app_place place;
	bool same = false, fetched = false;
	int rc;

	*have = NULL;
	if (!s)
		return 0;
	place = (struct app_place){ .source = s->path, .stamp = s->stamp, .size = s->stamp.size };
	rc = same_file(&same, &fetched, f->r->fetch, rec, f->t->session, &place, err);
	file->fetched |= fetched;
	*have = same ? &backup_hash : &other_hash;
	return rc;
}

static int
decide_once(struct file *file, struct files *f, struct err *err)
{
	const struct record *rec = &file->from->record;
	const struct span *at_path, *beside = NULL;
	struct span path = record_path(rec);
	int rc;

	buf_reset(&file->path);
	if (buf_append(&file->path, path, err) < 0)
		return -1;
	rc = content_at(&at_path, file, f, buf_str(&file->path), err);
	if (rc != 0)
		return rc;
	if (at_path == &other_hash) {
		buf_reset(&file->path);
		if (merge_file_name(&file->path, path, err) < 0)
			return -1;
		rc = content_at(&beside, file, f, buf_str(&file->path), err);
		if (rc != 0)
			return rc;
	}
	file->plan = merge_file(backup_hash, at_path, beside);
	file->beside = at_path == &other_hash;
	return 0;
}

static int
decide(struct file *file, struct files *f, struct err *err)
{
	int rc = APP_MOVED;

	for (int i = 0; i < RESTORE_TRIES && rc == APP_MOVED; i++) {
		if (i > 0 && live_load(f, err) < 0)
			return -1;
		rc = decide_once(file, f, err);
	}
	return rc == APP_MOVED
		       ? err_set(err, ERR_CONFLICT, "the file kept changing while it was compared")
		       : rc;
}

/* The outcome's sentence. */
static void
sentence(char *out, size_t n, const struct file *file)
{
	switch (file->plan) {
	case MERGE_FILE_NEW:
		snprintf(out, n, "%s", _("it was not here"));
		return;
	case MERGE_FILE_IDENTICAL:
		snprintf(out, n, "%s",
			 file->beside ? _("this terminal's own stays; the backup's lies beside it "
					  "already")
				      : _("the same content is here"));
		return;
	case MERGE_FILE_BESIDE:
		snprintf(out, n, _("other content is here and stays; the backup's comes as \"%s\""),
			 buf_str(&file->path));
		return;
	case MERGE_FILE_HELD:
		break;
	}
	snprintf(out, n,
		 _("other content is here, and also in \"%s\": both stay, nothing is written"),
		 buf_str(&file->path));
}

static int
one_field(struct restore_field **list, size_t *n, const char *value, const char *here,
	  struct err *err)
{
	struct restore_field *f = calloc(1, sizeof *f);

	if (!f)
		return err_nomem(err);
	f->field = strdup("content");
	f->value = strdup(value);
	f->here = strdup(here);
	*list = f;
	*n = 1;
	return f->field && f->value && f->here ? 0 : err_nomem(err);
}

static int
tell(struct files *f, struct file *file, struct err *err)
{
	enum restore_outcome outcome = RESTORE_ADDED;
	struct restore_item *it;
	char words[512], bytes[64];
	int rc = 0;

	if (result_rows_open(&it, f->r->out->rows, file->row, err) < 0)
		return -1;
	sentence(words, sizeof words, file);
	snprintf(bytes, sizeof bytes, _("%llu bytes"),
		 (unsigned long long)file->from->record.size_bytes);
	if (file->plan == MERGE_FILE_IDENTICAL) {
		outcome = RESTORE_IDENTICAL;
		if (f->r->rq->preview)
			rc = one_field(&it->same, &it->n_same, bytes, "", err);
	} else if (file->plan == MERGE_FILE_HELD) {
		outcome = RESTORE_MERGED;
		rc = one_field(&it->held, &it->n_held, bytes, _("other content"), err);
	} else {
		rc = one_field(&it->added, &it->n_added, bytes, "", err);
		if (rc == 0 && f->r->rq->preview && file->beside)
			rc = one_field(&it->stays, &it->n_stays, _("other content"), "", err);
	}
	file->decided = false;
	run_progress(f->r, 1);
	if (rc == 0 && file->fetched)
		rc = run_prove(f->r, &file->from->at, err);
	return rc < 0 ? -1 : result_set(f->r, file->row, outcome, words, err);
}

static int
fail(struct files *f, struct file *file, const char *reason, struct err *err)
{
	file->decided = false;
	run_progress(f->r, 1);
	return result_set(f->r, file->row, RESTORE_FAILED, reason, err);
}

/* What concerns this file; everything else ends the restore. */
static bool
is_of_file(const struct err *err)
{
	switch (err->code) {
	case ERR_NOMEM:
	case ERR_UNREACHABLE:
	case ERR_CANCELLED:
	case ERR_REVOKED:
	case ERR_REFUSED:
	case ERR_LOCKED:
	case ERR_FULL:
	case ERR_INTERNAL:
		return false;
	default:
		return true;
	}
}

/* @why failed: the file is named, or, where it is no matter of this file, -1. */
static int
blame(struct files *f, struct file *file, const struct err *why, struct err *err)
{
	if (is_of_file(why))
		return fail(f, file, why->msg, err);
	if (err)
		*err = *why;
	return -1;
}

static bool
wants_content(const struct restore_request *rq)
{
	for (size_t i = 0; i < rq->n_fields; i++)
		if (strcasecmp(rq->fields[i], "content") == 0)
			return true;
	return rq->n_fields == 0;
}

static int
file_begin(struct file *file, struct files *f, const struct opened *from, struct err *err)
{
	const struct record *rec = &from->record;
	struct err why = { 0 };

	file->from = from;
	file->path = (struct buf)BUF_INIT(APP_PATH_MAX + 300);
	if (row_add(&file->row, f->r, rec->app, rec->native_id, rec->name, err) < 0)
		return -1;
	if (!path_is_safe(record_path(rec)))
		return fail(f, file, _("its path leads out of the app's folder: refused"), err);
	if (!wants_content(f->r->rq)) {
		run_progress(f->r, 1);
		return result_lacks_field(f->r, file->row, _("a file has one field only: content"),
					  err);
	}
	f->r->any_field = true;
	if (decide(file, f, &why) < 0)
		return blame(f, file, &why, err);
	file->decided = file->plan == MERGE_FILE_NEW || file->plan == MERGE_FILE_BESIDE;
	return file->decided && !f->r->rq->preview ? 0 : tell(f, file, err);
}

/* 2. What is kept before anything is written. */

static int
keep_created(struct files *f, struct file *file, struct err *err)
{
	const struct record *rec = &file->from->record;
	struct kept k = { .kind = KEPT_CREATED,
			  .restore = span_str(f->r->out->id),
			  .app = f->t->app->name,
			  .native_id = buf_span(&file->path),
			  .name = rec->name,
			  .field = "",
			  .source = buf_span(&file->path) };

	keys_item_id(k.item, f->r->me->ids, span_str(k.app), k.native_id);
	if (kept_put(f->r->box, &k, (struct span){ NULL, 0 }, err) < 0)
		return -1;
	file->kept = k.number;
	return 0;
}

static int
keep_all(struct files *f, struct file *list, size_t n, struct err *err)
{
	if (!f->t->in_box)
		return 0;
	if (box_begin(f->r->box, err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (list[i].decided && keep_created(f, &list[i], err) < 0) {
			box_rollback(f->r->box);
			return -1;
		}
	}
	return box_commit(f->r->box, err);
}

/* 3. The write. */

/* From the payload into the file, its content hash on the way. */
struct flow {
	struct item_writer *writer;
	struct content_flow content;
};

static int
flow_write(void *ctx, struct span bytes, struct err *err)
{
	struct flow *w = ctx;

	if (item_writer_write(w->writer, bytes, err) < 0)
		return -1;
	return content_flow_add(&w->content, bytes, err);
}

/* Its bytes into a temporary file. */
static int
write_beside(struct files *f, struct file *file, struct err *err)
{
	struct flow flow;
	struct payload_sink sink = { &flow, flow_write };
	const struct record *rec = &file->from->record;
	int rc;

	content_flow_init(&flow.content, f->r->me->ids);
	rc = item_writer_open(&file->writer, f->t->session, buf_str(&file->path), err);
	flow.writer = file->writer;
	if (rc == 0)
		rc = fetch_payload(f->r->fetch, rec, &sink, err);
	content_flow_final(&flow.content, file->content);
	content_flow_clear(&flow.content);
	return rc;
}

static struct item_finish
finish_of(const struct file *file)
{
	const struct record *rec = &file->from->record;

	return (struct item_finish){
		.writer = file->writer,
		.modified_unix_ms = rec->has_modified ? (int64_t)rec->modified_unix_ms : INT64_MIN,
	};
}

static int
remember(struct files *f, const struct file *file, const struct app_place *place, struct err *err)
{
	struct written *w;

	if (array_reserve((void **)&f->written, &f->cap_written, f->n_written + 1,
			  sizeof *f->written, FILES_MAX, err) < 0)
		return -1;
	w = &f->written[f->n_written];
	w->path = strdup(buf_str(&file->path));
	if (!w->path)
		return err_nomem(err);
	f->n_written++;
	w->place = *place;
	w->place.source = w->path;
	memcpy(w->content, file->content, sizeof w->content);
	return 0;
}

static int
unkeep(struct files *f, struct file *file, struct err *err)
{
	int64_t number = file->kept;

	file->kept = 0;
	return number ? kept_remove(f->r->box, number, err) : 0;
}

static int
not_written(struct files *f, struct file *file, const struct err *why, struct err *err)
{
	return unkeep(f, file, err) < 0 ? -1 : blame(f, file, why, err);
}

/* It is in place, or is not: what is known of it now. */
static int
take_result(struct files *f, struct file *file, struct item_finish *end, struct err *err)
{
	if (end->rc == 0 && end->place.size != file->from->record.size_bytes)
		end->rc = err_set(&end->err, ERR_IO,
				  "what was written is not as long as it should be");
	if (end->rc < 0) /* perhaps after it was put into place: what is kept of it stays */
		return blame(f, file, &end->err, err);
	file->again = end->rc == APP_EXISTS;
	if (file->again)
		return 0;
	f->r->out->written++;
	file->fetched = true;
	return remember(f, file, &end->place, err) < 0 ? -1 : tell(f, file, err);
}

/* What is about to be put into place, durably: whatever fails afterwards, undo knows its own work. */
static int
keep_contents(struct files *f, struct file *const *of, size_t n, struct err *err)
{
	int rc = 0;

	if (!f->t->in_box)
		return 0;
	if (box_begin(f->r->box, err) < 0)
		return -1;
	for (size_t i = 0; rc == 0 && i < n; i++)
		if (of[i]->kept)
			rc = kept_put_written(f->r->box, of[i]->kept, of[i]->content, err);
	if (rc == 0)
		return box_commit(f->r->box, err);
	box_rollback(f->r->box);
	return -1;
}

/* All that is written beside its place goes there. */
static int
finish_written(struct files *f, struct file *list, size_t n, struct err *err)
{
	struct item_finish ends[ITEM_FINISH_MAX];
	struct file *of[ITEM_FINISH_MAX];
	size_t n_ends = 0;
	int rc = 0;

	for (size_t i = 0; i < n; i++) {
		if (!list[i].writer)
			continue;
		of[n_ends] = &list[i];
		ends[n_ends++] = finish_of(&list[i]);
	}
	if (n_ends == 0)
		return 0;
	if (keep_contents(f, of, n_ends, err) < 0)
		return -1; /* whose list it is frees the writers, and with them the files beside */
	item_writers_finish(ends, n_ends);
	if (f->t->in_box && box_begin(f->r->box, err) < 0)
		return -1;
	for (size_t i = 0; i < n_ends; i++) {
		if (rc == 0)
			rc = take_result(f, of[i], &ends[i], err);
		item_writer_free(of[i]->writer);
		of[i]->writer = NULL;
	}
	if (!f->t->in_box)
		return rc;
	if (rc == 0)
		return box_commit(f->r->box, err);
	box_rollback(f->r->box);
	return -1;
}

/* Write one beside its place; a failure is told. */
static int
begin_writing(struct files *f, struct file *file, struct err *err)
{
	struct err why = { 0 };

	if (write_beside(f, file, &why) == 0)
		return 0;
	item_writer_free(file->writer);
	file->writer = NULL;
	return not_written(f, file, &why, err);
}

/* A file took the place since the folder was looked at: look again. */
static int
write_again(struct files *f, struct file *file, struct err *err)
{
	struct err why = { 0 };

	for (int i = 1; i < RESTORE_TRIES && file->again; i++) {
		file->again = false;
		if (live_load(f, err) < 0)
			return -1;
		if (decide(file, f, &why) < 0)
			return not_written(f, file, &why, err);
		if (file->plan != MERGE_FILE_NEW && file->plan != MERGE_FILE_BESIDE)
			return unkeep(f, file, err) < 0 ? -1 : tell(f, file, err);
		if (begin_writing(f, file, err) < 0 || finish_written(f, file, 1, err) < 0)
			return -1;
	}
	if (!file->again)
		return 0;
	return unkeep(f, file, err) < 0
		       ? -1
		       : fail(f, file, _("another file kept taking its place"), err);
}

/* The chunks of files from @at on, as many as fit together; @end receives the first that does not.
 * One alone is fetched as it is written. */
static int
fetch_group(struct files *f, const struct file *list, size_t at, size_t n, size_t *end,
	    struct err *err)
{
	uint64_t bytes = 0;
	size_t n_ahead = 0;

	fetch_ahead_begin(f->r->fetch);
	for (*end = at; *end < n; (*end)++) {
		const struct opened *from = list[*end].from;

		if (!list[*end].decided)
			continue;
		bytes += from->record.size_bytes;
		if (n_ahead > 0 && (bytes > GROUP_BYTES || n_ahead == ITEM_FINISH_MAX))
			break;
		if (bytes <= GROUP_BYTES && fetch_ahead_add(f->r->fetch, from, err) < 0)
			return -1;
		n_ahead++;
	}
	return fetch_ahead_ask(f->r->fetch, err);
}

static int
write_all(struct files *f, struct file *list, size_t n, struct err *err)
{
	for (size_t at = 0, end = 0; at < n; at = end) {
		if (fetch_group(f, list, at, n, &end, err) < 0)
			return -1;
		for (size_t i = at; i < end; i++)
			if (list[i].decided && begin_writing(f, &list[i], err) < 0)
				return -1;
		if (finish_written(f, list + at, end - at, err) < 0)
			return -1;
		for (size_t i = at; i < end; i++)
			if (list[i].again && write_again(f, &list[i], err) < 0)
				return -1;
		if (run_check_cancelled(f->r, err) < 0)
			return -1;
	}
	return 0;
}

int
files_restore(struct files *f, const struct opened *items, size_t n, struct err *err)
{
	struct file *list = calloc(n ? n : 1, sizeof *list);
	int rc = 0;

	if (!list)
		return err_nomem(err);
	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = file_begin(&list[i], f, &items[i], err);
	if (rc == 0)
		rc = keep_all(f, list, n, err);
	if (rc == 0)
		rc = write_all(f, list, n, err);
	for (size_t i = 0; i < n; i++) {
		item_writer_free(list[i].writer);
		buf_clear(&list[i].path);
	}
	free(list);
	return rc;
}

int
files_finish(struct files *f, struct err *err)
{
	int rc;

	if (!f->t->in_box || f->n_written == 0)
		return 0;
	if (inventory_refresh(NULL, f->r->box, f->t->session, NULL, NULL, err) < 0 ||
	    box_begin(f->r->box, err) < 0)
		return -1;
	for (size_t i = 0; i < f->n_written; i++) {
		const struct written *w = &f->written[i];

		rc = inventory_put_content(f->r->box, f->t->app->name, span_str(w->path), &w->place,
					   w->content, err);
		if (rc < 0) {
			box_rollback(f->r->box);
			return -1;
		}
	}
	return box_commit(f->r->box, err);
}
