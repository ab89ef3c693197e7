/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inventory_refresh: see inventory.h.
 *
 *   1. compare   the app's sources and the stored ones, both by path: new and changed ones become
 *                SOURCE_OPEN, unchanged but young ones SOURCE_YOUNG, vanished ones go and their
 *                items lose their place (source 0)
 *   2. read      every source that is not SOURCE_READ, by path; each card is an item of its own
 *                source, or waits in `arrivals`
 *   3. place     arrivals, in order, become items that lost their place, or new ones
 *   4. drop      what has no place still
 *
 * All in one transaction, which begins with the first change: a refresh that finds none writes
 * nothing.  Where nothing can have lost its place, cards do not wait.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "box/refresh_internal.h"
#include "box/rules.h"
#include "os/os.h"

#define YOUNG_NS   2000000000 /* FAT's clock has a grain of 2 s */
#define PATH_STORE (REFRESH_WINDOW * (APP_PATH_MAX + 1))

void
stamp_encode(uint8_t out[static STAMP_BYTES], const struct app_stamp *s)
{
	put_u64(out, s->device);
	put_u64(out + 8, s->inode);
	put_u64(out + 16, s->size);
	put_u64(out + 24, (uint64_t)s->mtime_ns);
	put_u64(out + 32, (uint64_t)s->ctime_ns);
}

struct app_stamp
stamp_decode(struct span bytes)
{
	if (bytes.n != STAMP_BYTES)
		return (struct app_stamp){ 0 };
	return (struct app_stamp){
		.device = get_u64(bytes.p),
		.inode = get_u64(bytes.p + 8),
		.size = get_u64(bytes.p + 16),
		.mtime_ns = (int64_t)get_u64(bytes.p + 24),
		.ctime_ns = (int64_t)get_u64(bytes.p + 32),
	};
}

static int
refresh_write(struct refresh *r, struct err *err)
{
	if (r->writing)
		return 0;
	if (box_begin(r->b, err) < 0)
		return -1;
	r->writing = true;
	return 0;
}

static const char *
stored_path(const struct refresh *r, const struct stored *s)
{
	return (const char *)r->paths.p + s->path_at;
}

/* One row into the window. */
static int
window_add(struct refresh *r, const struct query *q, struct err *err)
{
	struct stored *s = &r->window[r->n++];
	struct span path = query_column_blob(q, 1);

	s->number = query_column_int(q, 0);
	s->path_at = r->paths.n;
	query_column_bytes(q, 2, s->stamp, STAMP_BYTES);
	s->state = (enum source_state)query_column_int(q, 3);
	if (buf_append(&r->paths, path, err) < 0 || buf_append_byte(&r->paths, 0, err) < 0)
		return -1;
	buf_reset(&r->last);
	return buf_append(&r->last, path, err);
}

static int
window_fill(struct refresh *r, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;
	int rc;

	r->n = r->at = 0;
	buf_reset(&r->paths);
	if (query_init(&q, r->b,
		       "SELECT id, path, stamp, state FROM sources WHERE app = ?1 AND path > ?2"
		       " ORDER BY path LIMIT ?3",
		       err) < 0)
		return -1;
	AUTO(buf_clear) struct buf after = BUF_INIT(APP_PATH_MAX);
	if (buf_append(&after, buf_span(&r->last), err) < 0)
		return -1;
	query_int(&q, 1, r->ids.app);
	query_blob(&q, 2, buf_span(&after));
	query_int(&q, 3, REFRESH_WINDOW);
	while ((rc = query_step(&q, err)) == QUERY_ROW) {
		if (window_add(r, &q, err) < 0)
			return -1;
	}
	r->more = r->n == REFRESH_WINDOW;
	return rc;
}

/* The next stored source; NULL when there are no more. */
static int
window_peek(struct stored **out, struct refresh *r, struct err *err)
{
	if (r->at == r->n && r->more && window_fill(r, err) < 0)
		return -1;
	*out = r->at < r->n ? &r->window[r->at] : NULL;
	return 0;
}

static int
source_insert(struct refresh *r, const struct app_source *source, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;
	uint8_t stamp[STAMP_BYTES];

	if (refresh_write(r, err) < 0 ||
	    query_init(&q, r->b,
		       "INSERT INTO sources (app, path, stamp, state) VALUES (?1, ?2, ?3, ?4)",
		       err) < 0)
		return -1;
	stamp_encode(stamp, &source->stamp);
	query_int(&q, 1, r->ids.app);
	query_blob(&q, 2, span_str(source->path));
	query_blob(&q, 3, SPAN_ARRAY(stamp));
	query_int(&q, 4, SOURCE_OPEN);
	return query_run(&q, err);
}

int
refresh_source_put(struct refresh *r, int64_t number, const struct app_stamp *stamp,
		   enum source_state state, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;
	uint8_t bytes[STAMP_BYTES];

	if (refresh_write(r, err) < 0 ||
	    query_init(&q, r->b, "UPDATE sources SET stamp = ?2, state = ?3 WHERE id = ?1", err) <
		    0)
		return -1;
	stamp_encode(bytes, stamp);
	query_int(&q, 1, number);
	query_blob(&q, 2, SPAN_ARRAY(bytes));
	query_int(&q, 3, state);
	return query_run(&q, err);
}

int
refresh_run_on(struct refresh *r, const char *sql, int64_t number, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;

	if (query_init(&q, r->b, sql, err) < 0)
		return -1;
	query_int(&q, 1, number);
	return query_run(&q, err);
}

static int
source_gone(struct refresh *r, const struct stored *s, struct err *err)
{
	r->anything_lost = true;
	r->at++;
	if (refresh_write(r, err) < 0 ||
	    refresh_run_on(r, "UPDATE items SET source = 0 WHERE source = ?1", s->number, err) < 0)
		return -1;
	if (refresh_run_on(r, "DELETE FROM threads WHERE source = ?1", s->number, err) < 0)
		return -1;
	return refresh_run_on(r, "DELETE FROM sources WHERE id = ?1", s->number, err);
}

static int
source_compare(struct refresh *r, const struct stored *s, const struct app_source *source,
	       struct err *err)
{
	struct app_stamp before = stamp_decode(SPAN_ARRAY(s->stamp));

	r->at++;
	if (!app_stamp_equal(&before, &source->stamp)) {
		r->anything_lost = true;
		return refresh_source_put(r, s->number, &source->stamp, SOURCE_OPEN, err);
	}
	if (s->state == SOURCE_READ && source->stamp.mtime_ns >= r->last_ms * 1000000 - YOUNG_NS) {
		r->anything_lost = true;
		return refresh_source_put(r, s->number, &source->stamp, SOURCE_YOUNG, err);
	}
	return 0;
}

/* app_source_fn */
static int
source_seen(void *ctx, const struct app_source *source, struct err *err)
{
	struct refresh *r = ctx;
	struct stored *s;
	int order;

	r->counts.sources++;
	for (;;) {
		if (window_peek(&s, r, err) < 0)
			return -1;
		order = s ? strcmp(stored_path(r, s), source->path) : 1;
		if (order >= 0)
			break;
		if (source_gone(r, s, err) < 0)
			return -1;
	}
	return order == 0 ? source_compare(r, s, source, err) : source_insert(r, source, err);
}

/* Links, devices and the like: told once. */
static int
refusal_is_new(bool *is_new, struct refresh *r, const struct app_refused *refused, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;
	AUTO(query_clear) struct query put = QUERY_INIT;
	struct span source = span_str(refused->source ? refused->source : "");
	int rc;

	if (query_init(&q, r->b, "SELECT 1 FROM refusals WHERE app = ?1 AND source = ?2", err) < 0)
		return -1;
	query_int(&q, 1, r->ids.app);
	query_blob(&q, 2, source);
	rc = query_step(&q, err);
	*is_new = rc == 0;
	if (rc)
		return rc < 0 ? -1 : 0;
	query_clear(&q);
	if (refresh_write(r, err) < 0 ||
	    query_init(&put, r->b, "INSERT INTO refusals (app, source) VALUES (?1, ?2)", err) < 0)
		return -1;
	query_int(&put, 1, r->ids.app);
	query_blob(&put, 2, source);
	return query_run(&put, err);
}

/* app_refused_fn of the scan */
static int
scan_refused(void *ctx, const struct app_refused *refused, struct err *err)
{
	struct refresh *r = ctx;
	bool is_new;

	r->counts.refused++;
	if (refusal_is_new(&is_new, r, refused, err) < 0)
		return -1;
	return is_new && r->refused ? r->refused(r->ctx, refused, err) : 0;
}

/* The one number that @sql gives for the app. */
static int
number_of_app(int64_t *out, struct refresh *r, const char *sql, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;

	if (query_init(&q, r->b, sql, err) < 0)
		return -1;
	query_int(&q, 1, r->ids.app);
	if (query_step(&q, err) < 0)
		return -1;
	*out = query_column_int(&q, 0);
	return 0;
}

static int
refresh_compare(struct refresh *r, struct err *err)
{
	struct stored *s;

	r->more = true;
	r->started_ms = box_now();
	if (r->s->adapter->sources(r->s, source_seen, scan_refused, r, err) < 0)
		return -1;
	for (;;) {
		if (window_peek(&s, r, err) < 0)
			return -1;
		if (!s)
			return 0;
		if (source_gone(r, s, err) < 0)
			return -1;
	}
}

static int
refresh_apply(struct refresh *r, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;

	if (refresh_read_sources(r, err) < 0 || refresh_place_arrivals(r, err) < 0 ||
	    refresh_drop_lost(r, err) < 0)
		return -1;
	if (query_init(&q, r->b, "UPDATE apps SET scanned_ms = ?2 WHERE id = ?1", err) < 0)
		return -1;
	query_int(&q, 1, r->ids.app);
	query_int(&q, 2, r->started_ms);
	return query_run(&q, err);
}

/* Sources left unread by the refresh before: their stamp is as it was, so nothing was compared. */
static int
has_open_sources(bool *has, struct refresh *r, struct err *err)
{
	int64_t n;

	if (number_of_app(&n, r,
			  "SELECT EXISTS (SELECT 1 FROM sources WHERE app = ?1 AND state <> 0)",
			  err) < 0)
		return -1;
	*has = n;
	return 0;
}

static int
refresh_run(struct refresh *r, struct err *err)
{
	bool has_open;
	int rc = number_of_app(&r->last_ms, r, "SELECT scanned_ms FROM apps WHERE id = ?1", err);

	if (rc == 0)
		rc = refresh_compare(r, err);
	if (rc == 0)
		rc = has_open_sources(&has_open, r, err);
	if (rc == 0 && has_open)
		rc = refresh_write(r, err);
	if (rc == 0 && r->writing)
		rc = refresh_apply(r, err);
	if (!r->writing)
		return rc;
	r->writing = false;
	return box_end(r->b, rc, err);
}

static int
refresh_start(struct refresh *r, struct err *err)
{
	const struct identity *id;
	int64_t app = 0;
	int rc;

	r->paths = (struct buf)BUF_INIT(PATH_STORE);
	r->last = (struct buf)BUF_INIT(APP_PATH_MAX);
	if (box_identity_need(&id, r->b, err) < 0)
		return -1;
	rc = box_app_number(&app, r->b, r->s->app->name, err);
	if (rc == BOX_ABSENT)
		return err_set(err, ERR_NOT_FOUND, "the Box does not know this app");
	if (rc < 0)
		return -1;
	if (rules_has(&r->has_rules, r->b, r->s->app->name, err) < 0)
		return -1;
	return ids_init(&r->ids, r->b, app, r->s->app->name, err);
}

static void
refresh_free(struct refresh *r)
{
	ids_clear(&r->ids);
	buf_clear(&r->paths);
	buf_clear(&r->last);
	free(r);
}

static int
counts_put(struct inventory_counts *out, struct refresh *r, struct err *err)
{
	int64_t items;

	if (number_of_app(&items, r, "SELECT count(*) FROM items WHERE app = ?1", err) < 0)
		return -1;
	*out = r->counts;
	out->items = (uint64_t)items;
	return 0;
}

int
inventory_refresh(struct inventory_counts *out, struct box *b, struct app_session *s,
		  app_refused_fn *refused, void *ctx, struct err *err)
{
	struct refresh *r = calloc(1, sizeof *r); /* its window is too large for a stack */
	int rc;

	if (!r)
		return err_nomem(err);
	r->b = b;
	r->s = s;
	r->refused = refused;
	r->ctx = ctx;
	rc = refresh_start(r, err);
	if (rc == 0)
		rc = refresh_run(r, err);
	if (rc == 0)
		rc = shortcuts_fill(b, r->ids.app, err);
	if (rc == 0 && r->has_rules)
		rc = rules_apply(b, s, r->ids.app, err);
	if (rc == 0 && out)
		rc = counts_put(out, r, err);
	refresh_free(r);
	return rc < 0 ? err_wrap(err, "%s", s->app->name) : 0;
}
