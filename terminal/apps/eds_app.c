/* SPDX-License-Identifier: Apache-2.0 */
/* eds_app: see eds_app.h.  Reading, writing, and taking back. */
#include "apps/eds_app.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apps/apps.h"
#include "apps/eds_ids.h"
#include "base/array.h"
#include "base/when.h"
#include "merge/key_set.h"
#include "os/os.h"
#include "os/scratch.h"

#define ID_BYTES_MAX (64u << 10)
#define YOUNG_MS     2000 /* a second, and that it may be cut off */

/* One edit that was made. */
struct done {
	enum app_change_kind kind;
	int64_t number;
	struct scratch_place was;   /* replaced, removed: the object's text before */
	struct scratch_place wrote; /* replaced, added: the bytes of its row */
};

struct eds_app {
	const struct eds_type *type;
	struct eds_store *eds;
	char revision[EDS_REVISION_BYTES]; /* the newest seen */
	bool may_lie;                      /* it may stand for several states */
	uint8_t salt[16];                  /* of this session */
	struct eds_ids ids;
	bool listed; /* ids has them all, as they were */
	int64_t got; /* the row read last, and its object's text */
	struct buf text;
	struct scratch *scratch; /* made by the first edit */
	struct done *done;
	size_t n_done, cap_done;
};

/* 1. Opening. */

/* The id of the source; NULL: the one built in. */
static const char *
source_of(const struct app *app, const struct eds_type *type)
{
	const char *set = app_get(app, "source"), *end = strrchr(app->path, '/');
	size_t n = strlen(type->folder);

	if (set)
		return set;
	if (!end || (size_t)(end - app->path) <= n || end[-(ptrdiff_t)n - 1] != '/' ||
	    memcmp(end - n, type->folder, n) != 0 || strcmp(end + 1, "system") == 0)
		return NULL;
	return end + 1;
}

int
eds_app_open(void **store, const struct app *app, const struct eds_type *type, struct err *err)
{
	struct eds_app *a = calloc(1, sizeof *a);

	if (!a)
		return err_nomem(err);
	*a = (struct eds_app){
		.type = type, .ids = EDS_IDS_INIT, .got = -1, .text = BUF_INIT(ITEM_BYTES_MAX)
	};
	a->may_lie = true;
	os_random(a->salt, sizeof a->salt);
	if (eds_open(&a->eds, type->kind, source_of(app, type), err) < 0) {
		free(a);
		return -1;
	}
	*store = a;
	return 0;
}

void
eds_app_close(void *store)
{
	struct eds_app *a = store;

	eds_close(a->eds);
	eds_ids_clear(&a->ids);
	buf_clear(&a->text);
	scratch_free(a->scratch);
	free(a->done);
	free(a);
}

/* 2. Reading. */

/* A book's revision is the second of its newest write, and a counter that begins anew with the service's process
 * ("2026-11-26T07:18:01Z(0)"): another write within that second can leave it as it is.  Seen so early, it says
 * nothing to the next session; neither does one that lies in the future, or none. */
static bool
can_lie(const char *revision)
{
	int64_t at_unix_ms;
	struct err ignored = { 0 };

	if (!revision[0])
		return true;
	return when_parse(&at_unix_ms, span_of(revision, strcspn(revision, "(")), &ignored) == 0 &&
	       os->now_unix_ms() < at_unix_ms + YOUNG_MS;
}

int
eds_app_stamp(struct app_stamp *out, void *store, struct err *err)
{
	struct eds_app *a = store;
	char revision[EDS_REVISION_BYTES];
	uint8_t hash[32];
	uint64_t words[3] = { 0 };

	if (eds_revision(revision, a->eds, err) < 0)
		return -1;
	if (strcmp(revision, a->revision) != 0) {
		memcpy(a->revision, revision, sizeof a->revision);
		a->may_lie = can_lie(revision);
	}
	crypto_generichash(hash, sizeof hash, (const uint8_t *)revision, strlen(revision), a->salt,
			   a->may_lie ? sizeof a->salt : 0);
	for (size_t i = 0; i < sizeof words; i++)
		words[i / 8] |= (uint64_t)hash[i] << 8 * (i % 8);
	*out = (struct app_stamp){ .device = words[0], .inode = words[1], .size = words[2] };
	return 0;
}

struct reading {
	struct eds_app *app;
	row_fn *fn; /* NULL: the ids alone */
	row_refused_fn *refused;
	void *ctx;
	struct buf bytes;
	struct buf missed; /* ids, each with its NUL */
	bool twice;        /* one came again, so that others may not have come */
};

static int
refuse(struct reading *r, struct err *err)
{
	struct err why = { 0 };

	err_set(&why, ERR_UNSUPPORTED, "its id has another's number: it is left alone");
	return r->refused ? r->refused(r->ctx, &why, err) : 0;
}

/* eds_each_fn */
static int
read_object(void *ctx, const char *id, struct span text, struct err *err)
{
	struct reading *r = ctx;
	struct row row = { 0 };
	size_t before = r->app->ids.n;
	int rc = eds_ids_add(&row.number, &r->app->ids, id, err);

	if (rc == 0 && r->app->ids.n == before && r->app->type->kind == EDS_CONTACTS) {
		r->twice = true; /* the same one: a book has no two of an id */
		return 0;
	}
	if (rc < 0 || !r->fn)
		return rc < 0 ? -1 : 0;
	if (rc == EDS_IDS_TAKEN)
		return refuse(r, err);
	buf_reset(&r->bytes);
	if (r->app->type->show(&r->bytes, text, err) < 0)
		return -1;
	row.bytes = buf_span(&r->bytes);
	return r->fn(r->ctx, &row, err);
}

/* eds_each_fn.  One whose number another has is refused when it is read: it is not known. */
static int
note_missed(void *ctx, const char *id, struct span text, struct err *err)
{
	struct reading *r = ctx;
	const char *known = eds_ids_find(&r->app->ids, eds_ids_number(id));

	(void)text;
	return known && strcmp(known, id) == 0
		       ? 0
		       : buf_append(&r->missed, span_of(id, strlen(id) + 1), err);
}

/* What the walk passed over, one by one. */
static int
read_missed(struct reading *r, struct err *err)
{
	AUTO(buf_clear) struct buf text = BUF_INIT(ITEM_BYTES_MAX);
	int rc = eds_each_id(r->app->eds, note_missed, r, err);

	for (size_t at = 0; rc == 0 && at < r->missed.n;) {
		const char *id = (const char *)r->missed.p + at;

		at += strlen(id) + 1;
		buf_reset(&text);
		rc = eds_get(&text, r->app->eds, id, err);
		if (rc == 0)
			rc = read_object(r, id, buf_span(&text), err);
		else if (rc == EDS_ABSENT)
			return APP_MOVED; /* it was there a moment ago */
	}
	return rc;
}

int
eds_app_each(void *store, row_fn *fn, row_refused_fn *refused, void *ctx, struct err *err)
{
	struct eds_app *a = store;
	struct reading r = { .app = a,
			     .fn = fn,
			     .refused = refused,
			     .ctx = ctx,
			     .bytes = BUF_INIT(ITEM_BYTES_MAX),
			     .missed = BUF_INIT(EDS_IDS_BYTES_MAX) };

	eds_ids_clear(&a->ids);
	a->listed = false;
	int rc = eds_each(a->eds, read_object, &r, err);
	if (rc == EDS_MOVED || (rc == 0 && r.twice))
		rc = read_missed(&r, err);
	a->listed = rc == 0;
	buf_clear(&r.bytes);
	buf_clear(&r.missed);
	return rc;
}

/* The id of a row.  0, APP_MOVED or -1. */
static int
find_id(const char **id, struct eds_app *a, int64_t number, struct err *err)
{
	*id = eds_ids_find(&a->ids, number);
	if (!*id && !a->listed) {
		int rc = eds_app_each(a, NULL, NULL, NULL, err);

		if (rc)
			return rc;
		*id = eds_ids_find(&a->ids, number);
	}
	return *id ? 0 : APP_MOVED;
}

/* The object's text into a->text.  0, APP_MOVED or -1. */
static int
get(struct eds_app *a, int64_t number, struct err *err)
{
	const char *id;
	int rc = find_id(&id, a, number, err);

	a->got = -1;
	if (rc)
		return rc;
	buf_reset(&a->text);
	rc = eds_get(&a->text, a->eds, id, err);
	if (rc == 0)
		a->got = number;
	return rc == EDS_ABSENT ? APP_MOVED : rc;
}

int
eds_app_read(void *store, int64_t number, struct buf *out, struct err *err)
{
	struct eds_app *a = store;
	int rc = get(a, number, err);

	return rc ? rc : a->type->show(out, buf_span(&a->text), err);
}

/* 3. Writing. */

int
eds_app_begin(void *store, struct err *err)
{
	struct eds_app *a = store;

	a->n_done = 0;
	if (eds_can_write(a->eds, err) < 0)
		return -1;
	return a->scratch ? 0 : scratch_new_temporary(&a->scratch, err);
}

/* Room for one more, so that what is written is also noted. */
static int
done_reserve(struct eds_app *a, struct err *err)
{
	return array_reserve((void **)&a->done, &a->cap_done, a->n_done + 1, sizeof *a->done,
			     SIZE_MAX / sizeof *a->done, err);
}

/* The text to write, NUL-terminated.  0, ROW_REFUSED or -1. */
static int
prepare(struct buf *out, struct eds_app *a, struct span bytes, const char *id, struct err *err)
{
	int rc = a->type->prepare(out, a->eds, bytes, id, err);

	if (rc)
		return rc;
	if (memchr(out->p, '\0', out->n)) {
		err_set(err, ERR_SYNTAX, "it has a NUL, which the app cannot keep");
		return ROW_REFUSED;
	}
	return 0;
}

static int
refused_if(int rc, struct err *err)
{
	if (rc == EDS_EXISTS)
		err_set(err, ERR_EXISTS, "the app has something of that id by now");
	return rc == EDS_EXISTS || rc == EDS_REFUSED ? ROW_REFUSED : rc;
}

/* A new object whose id's number another has: away with it. */
static int
take_out(struct eds_app *a, const char *id, struct err *err)
{
	if (eds_remove(a->eds, id, err) < 0)
		return -1;
	err_set(err, ERR_EXISTS, "the app has something of that number");
	return ROW_REFUSED;
}

int
eds_app_add(void *store, struct span bytes, int64_t *number, struct err *err)
{
	AUTO(buf_clear) struct buf text = BUF_INIT(2 * ITEM_BYTES_MAX);
	AUTO(buf_clear) struct buf id = BUF_INIT(ID_BYTES_MAX);
	struct eds_app *a = store;
	struct done done = { .kind = APP_ADD };
	int rc = prepare(&text, a, bytes, NULL, err);

	if (rc)
		return rc;
	if (done_reserve(a, err) < 0 || scratch_put(&done.wrote, a->scratch, bytes, err) < 0)
		return -1;
	rc = refused_if(eds_add(&id, a->eds, buf_str(&text), err), err);
	if (rc)
		return rc;
	rc = eds_ids_add(number, &a->ids, buf_str(&id), err);
	if (rc)
		return rc < 0 ? -1 : take_out(a, buf_str(&id), err);
	done.number = *number;
	a->done[a->n_done++] = done;
	return 0;
}

/* What is to be replaced or removed, put aside.  0, APP_MOVED or -1. */
static int
put_aside(struct done *done, struct eds_app *a, int64_t number, struct err *err)
{
	int rc = a->got == number ? 0 : get(a, number, err);

	if (rc)
		return rc;
	done->number = number;
	a->got = -1; /* it is about to change */
	return done_reserve(a, err) < 0
		       ? -1
		       : scratch_put(&done->was, a->scratch, buf_span(&a->text), err);
}

int
eds_app_replace(void *store, int64_t number, struct span bytes, struct err *err)
{
	AUTO(buf_clear) struct buf text = BUF_INIT(2 * ITEM_BYTES_MAX);
	struct eds_app *a = store;
	struct done done = { .kind = APP_REPLACE };
	const char *id;
	int rc = put_aside(&done, a, number, err);

	if (rc == 0)
		rc = find_id(&id, a, number, err);
	if (rc == 0)
		rc = prepare(&text, a, bytes, id, err);
	if (rc == 0)
		rc = scratch_put(&done.wrote, a->scratch, bytes, err);
	if (rc)
		return rc;
	rc = refused_if(eds_modify(a->eds, id, buf_str(&text), err), err);
	if (rc == EDS_ABSENT)
		return err_set(err, ERR_CONFLICT, "it was removed in the meantime");
	if (rc == 0)
		a->done[a->n_done++] = done;
	return rc;
}

int
eds_app_remove(void *store, int64_t number, struct err *err)
{
	struct eds_app *a = store;
	struct done done = { .kind = APP_REMOVE };
	const char *id;
	int rc = put_aside(&done, a, number, err);

	if (rc == 0)
		rc = find_id(&id, a, number, err);
	if (rc)
		return rc;
	rc = eds_remove(a->eds, id, err);
	if (rc == EDS_ABSENT)
		return err_set(err, ERR_CONFLICT, "it was removed in the meantime");
	if (rc == 0)
		a->done[a->n_done++] = done;
	return rc;
}

int
eds_app_commit(void *store, struct err *err)
{
	struct eds_app *a = store;

	if (a->n_done && eds_reopen(a->eds, err) < 0)
		return -1;
	a->n_done = 0;
	return 0;
}

/* Are the fields of @a those of @b?  The service has its own words for them. */
static bool
has_all(const struct item *a, const struct item *b, struct err *err)
{
	AUTO(key_set_clear) struct key_set keys = KEY_SET_INIT;
	size_t at;

	for (size_t i = 0; i < b->n_fields; i++)
		if (key_set_add(&keys, &b->fields[i].key, &at, err) < 0)
			return false;
	for (size_t i = 0; i < a->n_fields; i++)
		if (!(a->fields[i].flags & FIELD_IGNORED) &&
		    key_set_find(&keys, &a->fields[i].key) == KEY_SET_NONE)
			return false;
	return true;
}

/* Is the row still what was written?  If nobody knows, it is somebody's. */
static bool
is_ours(struct eds_app *a, const struct done *d)
{
	AUTO(buf_clear) struct buf wrote = BUF_INIT(ITEM_BYTES_MAX);
	AUTO(buf_clear) struct buf now = BUF_INIT(ITEM_BYTES_MAX);
	AUTO(item_free) struct item *mine = NULL;
	AUTO(item_free) struct item *theirs = NULL;
	const struct form *form = a->type->form;
	struct err ignored = { 0 };

	return eds_app_read(a, d->number, &now, &ignored) == 0 &&
	       scratch_get(&wrote, a->scratch, d->wrote, &ignored) == 0 &&
	       form->parse(&mine, buf_span(&wrote), "", 1, NULL, &ignored) == 0 &&
	       form->parse(&theirs, buf_span(&now), "", 1, NULL, &ignored) == 0 &&
	       has_all(mine, theirs, &ignored) && has_all(theirs, mine, &ignored);
}

static void
take_back(struct eds_app *a, const struct done *d)
{
	AUTO(buf_clear) struct buf was = BUF_INIT(ITEM_BYTES_MAX);
	AUTO(buf_clear) struct buf id_again = BUF_INIT(ID_BYTES_MAX);
	struct err ignored = { 0 };
	const char *id;

	if (find_id(&id, a, d->number, &ignored) || (d->kind != APP_REMOVE && !is_ours(a, d)))
		return;
	if (d->kind == APP_ADD)
		eds_remove(a->eds, id, &ignored);
	else if (scratch_get(&was, a->scratch, d->was, &ignored) < 0)
		return;
	else if (d->kind == APP_REPLACE)
		eds_modify(a->eds, id, buf_str(&was), &ignored);
	else
		eds_add(&id_again, a->eds, buf_str(&was), &ignored);
}

void
eds_app_rollback(void *store)
{
	struct eds_app *a = store;
	struct err ignored = { 0 };

	if (!a->n_done)
		return;
	while (a->n_done)
		take_back(a, &a->done[--a->n_done]);
	eds_reopen(a->eds, &ignored);
}
