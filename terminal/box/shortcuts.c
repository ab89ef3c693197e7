/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shortcuts: see shortcuts.h.
 *
 * `pending` is 1 for a shortcut that is new or changed: an index over these alone leads a backup to
 * its work.  It follows from other rows and is judged anew whenever one of them changes.
 */
#include "box/shortcuts.h"

#include <stdio.h>
#include <unistr.h>

#include "box/by_name.h"
#include "box/kept_out.h"
#include "box/lookup.h"

#define PENDING_WINDOW 256
#define TYPE_UNKNOWN   "application/octet-stream"

const char *
shortcut_state_name(enum shortcut_state state)
{
	static const char *const names[] = { "new", "saved", "changed", "missing" };

	return names[state];
}

/* Here, and not saved as it is: what a shortcut's `pending` is set to. */
#define IS_PENDING                                                                                 \
	"EXISTS (SELECT 1 FROM items i LEFT JOIN saved s ON s.item = i.item"                       \
	" WHERE i.app = shortcuts.app AND i.item = shortcuts.item"                                 \
	" AND (s.item IS NULL OR i.content IS NULL OR i.content <> s.content))"

/* A shortcut c that came with another device's Box, and what the app has for it now. */
#define IS_UNFILLED                                                                                \
	"c.type IS NULL AND (c.name <> i.name OR c.size <> i.size OR i.type IS NOT NULL)"

int
shortcut_judge(struct box *b, const uint8_t item[static BOX_ID_BYTES], struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;

	if (query_init(
		    &q, b,
		    "UPDATE shortcuts SET pending = " IS_PENDING
		    " WHERE app IN (SELECT id FROM apps) AND item = ?1 AND pending <> " IS_PENDING,
		    err) < 0)
		return -1;
	query_blob(&q, 1, span_of(item, BOX_ID_BYTES));
	return query_run(&q, err);
}

int
shortcut_judge_batch(struct box *b, int64_t batch, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;

	if (query_init(&q, b,
		       "UPDATE shortcuts SET pending = " IS_PENDING
		       " FROM batch_changes c WHERE c.batch = ?1 AND shortcuts.app = c.app"
		       " AND shortcuts.item = c.item AND pending <> " IS_PENDING,
		       err) < 0)
		return -1;
	query_int(&q, 1, batch);
	return query_run(&q, err);
}

int
shortcut_judge_all(struct box *b, struct err *err)
{
	return db_exec(b,
		       "UPDATE shortcuts SET pending = " IS_PENDING " WHERE pending <> " IS_PENDING,
		       err);
}

int
shortcuts_fill(struct box *b, int64_t app, struct err *err)
{
	AUTO(query_clear) struct query seek = QUERY_INIT;
	AUTO(query_clear) struct query q = QUERY_INIT;
	int rc;

	/* Looked for first: where there is none, nothing is to be written. */
	if (query_init(&seek, b,
		       "SELECT 1 FROM shortcuts c JOIN items i ON i.app = c.app AND i.item = c.item"
		       " WHERE c.app = ?1 AND " IS_UNFILLED " LIMIT 1",
		       err) < 0)
		return -1;
	query_int(&seek, 1, app);
	rc = query_step(&seek, err);
	query_clear(&seek);
	if (rc != QUERY_ROW)
		return rc < 0 ? -1 : 0;
	if (query_init(&q, b,
		       "UPDATE shortcuts AS c SET name = i.name, type = i.type, size = i.size"
		       " FROM items i WHERE i.app = c.app AND i.item = c.item"
		       " AND c.app = ?1 AND " IS_UNFILLED,
		       err) < 0)
		return -1;
	query_int(&q, 1, app);
	return query_run(&q, err);
}

/* The app's number; ERR_NOT_FOUND where the Box has none of that name. */
static int
app_need(int64_t *number, struct box *b, const char *app, struct err *err)
{
	int rc = box_app_number(number, b, app, err);

	if (rc == BOX_ABSENT)
		return err_set(err, ERR_NOT_FOUND, "the Box has no folder %s", app);
	return rc;
}

static void
bind_shortcut(struct query *q, int64_t app, const struct inventory_item *item)
{
	query_int(q, 1, app);
	query_blob(q, 2, SPAN_ARRAY(item->item));
	query_blob(q, 3, span_str(item->place.source));
	query_text_span(q, 4, item->name);
	query_text(q, 5, item->type);
	query_int(q, 6, (int64_t)item->size);
}

static int
add(struct box *b, const struct inventory_item *item, bool selected, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;
	int64_t app;

	if (box_app_intern(&app, b, item->app, err) < 0 ||
	    query_init(&q, b,
		       "INSERT OR IGNORE INTO shortcuts (app, item, path, name, type, size,"
		       " native_id, selected, added_ms, pending)"
		       " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 0)",
		       err) < 0)
		return -1;
	bind_shortcut(&q, app, item);
	query_blob(&q, 7, item->native_id);
	query_int(&q, 8, selected);
	query_int(&q, 9, box_now());
	if (query_run(&q, err) < 0)
		return -1;
	if (db_changes(b) == 0)
		return BOX_EXISTS;
	if (shortcut_judge(b, item->item, err) < 0 ||
	    kept_out_remove(b, item->app, app, item->native_id, err) < 0)
		return -1;
	return box_items_touch(b, app, item->item, err);
}

int
shortcut_add(struct box *b, const struct inventory_item *item, bool selected, struct err *err)
{
	if (box_begin(b, err) < 0)
		return -1;
	return box_end(b, add(b, item, selected, err), err);
}

static int
update(struct box *b, const struct inventory_item *item, bool select, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;
	int64_t app;
	int rc = box_app_number(&app, b, item->app, err);

	if (rc)
		return rc;
	if (query_init(&q, b,
		       "UPDATE shortcuts SET path = ?3, name = ?4, type = ?5, size = ?6,"
		       " selected = selected OR ?7 WHERE app = ?1 AND item = ?2",
		       err) < 0)
		return -1;
	bind_shortcut(&q, app, item);
	query_int(&q, 7, select);
	if (query_run(&q, err) < 0)
		return -1;
	if (db_changes(b) == 0)
		return BOX_ABSENT;
	return box_items_touch(b, app, item->item, err);
}

int
shortcut_update(struct box *b, const struct inventory_item *item, bool select, struct err *err)
{
	if (box_begin(b, err) < 0)
		return -1;
	return box_end(b, update(b, item, select, err), err);
}

/* One shortcut, by native id: run @sql (app, item, @value). */
static int
change_one(struct box *b, const char *sql, const char *app, struct span native_id, int64_t value,
	   struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;
	uint8_t item[BOX_ID_BYTES];
	int64_t number;

	if (app_need(&number, b, app, err) < 0 ||
	    inventory_item_id(item, b, app, native_id, err) < 0 || query_init(&q, b, sql, err) < 0)
		return -1;
	query_int(&q, 1, number);
	query_blob(&q, 2, SPAN_ARRAY(item));
	query_int(&q, 3, value);
	if (query_run(&q, err) < 0)
		return -1;
	if (db_changes(b) == 0)
		return BOX_ABSENT;
	return box_items_touch(b, number, item, err);
}

/* All of a folder: run @sql (app, @value). */
static int
change_all(uint64_t *changed, struct box *b, const char *sql, const char *app, int64_t value,
	   struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;
	int64_t number;

	if (app_need(&number, b, app, err) < 0 || query_init(&q, b, sql, err) < 0)
		return -1;
	query_int(&q, 1, number);
	query_int(&q, 2, value);
	if (query_run(&q, err) < 0)
		return -1;
	*changed = db_changes(b);
	return *changed ? box_items_touch_all(b, number, err) : 0;
}

static int
remove_one(struct box *b, const char *app, struct span native_id, struct err *err)
{
	int64_t number;
	int rc = change_one(b, "DELETE FROM shortcuts WHERE app = ?1 AND item = ?2 AND ?3 = 0", app,
			    native_id, 0, err);

	if (rc)
		return rc;
	return app_need(&number, b, app, err) < 0 ? -1
						  : kept_out_add(b, app, number, native_id, err);
}

int
shortcut_remove(struct box *b, const char *app, struct span native_id, struct err *err)
{
	if (box_begin(b, err) < 0)
		return -1;
	return box_end(b, remove_one(b, app, native_id, err), err);
}

static int
remove_all(uint64_t *changed, struct box *b, const char *app, struct err *err)
{
	int64_t number;

	if (app_need(&number, b, app, err) < 0 || kept_out_add_all(b, app, number, err) < 0)
		return -1;
	return change_all(changed, b, "DELETE FROM shortcuts WHERE app = ?1 AND ?2 = 0", app, 0,
			  err);
}

int
shortcut_remove_all(uint64_t *changed, struct box *b, const char *app, struct err *err)
{
	if (box_begin(b, err) < 0)
		return -1;
	return box_end(b, remove_all(changed, b, app, err), err);
}

int
shortcut_select(struct box *b, const char *app, struct span native_id, bool selected,
		struct err *err)
{
	if (box_begin(b, err) < 0)
		return -1;
	return box_end(b,
		       change_one(b,
				  "UPDATE shortcuts SET selected = ?3 WHERE app = ?1 AND item = ?2",
				  app, native_id, selected, err),
		       err);
}

int
shortcut_select_all(uint64_t *changed, struct box *b, const char *app, bool selected,
		    struct err *err)
{
	if (box_begin(b, err) < 0)
		return -1;
	return box_end(b,
		       change_all(changed, b,
				  "UPDATE shortcuts SET selected = ?2 WHERE app = ?1"
				  " AND selected <> ?2",
				  app, selected, err),
		       err);
}

#define SHORTCUT_COLUMNS                                                                           \
	"c.native_id, c.item, c.path, c.name, c.type, c.size, c.selected, c.added_ms, c.pending,"  \
	" EXISTS (SELECT 1 FROM items i WHERE i.app = c.app AND i.item = c.item),"                 \
	" s.saved_ms, s.versions, s.proven_ms, a.name,"                                            \
	" (SELECT t.taken FROM taken t WHERE t.app = c.app AND t.item = c.item)"
#define SHORTCUT_TABLES                                                                            \
	"shortcuts c JOIN apps a ON a.id = c.app LEFT JOIN saved s ON s.item = c.item"

static enum shortcut_state
row_state(const struct query *q)
{
	if (!query_column_int(q, 9))
		return SHORTCUT_MISSING;
	if (query_column_is_null(q, 10))
		return SHORTCUT_NEW;
	return query_column_int(q, 8) ? SHORTCUT_CHANGED : SHORTCUT_SAVED;
}

static void
row_shortcut(struct shortcut *out, const struct query *q)
{
	const char *type = query_column_text(q, 4);

	*out = (struct shortcut){
		.native_id = query_column_blob(q, 0),
		.path = query_column_blob(q, 2),
		.name = query_column_text_span(q, 3),
		.type = type ? type : TYPE_UNKNOWN,
		.size = (uint64_t)query_column_int(q, 5),
		.selected = query_column_int(q, 6),
		.added_unix_ms = query_column_int(q, 7),
		.state = row_state(q),
		.saved_unix_ms = query_column_int(q, 10),
		.versions = (uint32_t)query_column_int(q, 11),
		.proven_unix_ms = query_column_int(q, 12),
		.app = query_column_text(q, 13),
		.taken = query_column_text(q, 14),
	};
	query_column_bytes(q, 1, out->item, BOX_ID_BYTES);
}

/* A shortcut as bytes: what row_shortcut() filled in, its app apart. */
static int
shortcut_encode(struct buf *out, const struct shortcut *s, struct err *err)
{
	if (buf_append(out, SPAN_ARRAY(s->item), err) < 0 ||
	    buf_append_byte(out, s->selected, err) < 0 ||
	    buf_append_byte(out, (uint8_t)s->state, err) < 0 ||
	    buf_append_u64(out, s->size, err) < 0 ||
	    buf_append_u64(out, (uint64_t)s->added_unix_ms, err) < 0 ||
	    buf_append_u64(out, (uint64_t)s->saved_unix_ms, err) < 0 ||
	    buf_append_u64(out, (uint64_t)s->proven_unix_ms, err) < 0 ||
	    buf_append_u32(out, s->versions, err) < 0 || piece_put(out, s->native_id, err) < 0 ||
	    piece_put(out, s->path, err) < 0 || piece_put(out, s->name, err) < 0)
		return -1;
	return piece_put_string(out, s->type, err) < 0 ? -1 : piece_put_string(out, s->taken, err);
}

static int
shortcut_decode(struct shortcut *out, const char *app, struct span bytes, struct err *err)
{
	struct reader r = reader_of(bytes);

	*out = (struct shortcut){ .app = app };
	read_bytes(&r, out->item, sizeof out->item);
	out->selected = read_u8(&r);
	out->state = (enum shortcut_state)read_u8(&r);
	out->size = read_u64(&r);
	out->added_unix_ms = (int64_t)read_u64(&r);
	out->saved_unix_ms = (int64_t)read_u64(&r);
	out->proven_unix_ms = (int64_t)read_u64(&r);
	out->versions = read_u32(&r);
	out->native_id = piece_get(&r);
	out->path = piece_get(&r);
	out->name = piece_get(&r);
	out->type = piece_get_string(&r);
	out->taken = piece_get_string(&r);
	return reader_done(&r, "a shortcut put aside", err);
}

static int
sort_shortcuts(struct by_name *l, struct box *b, const char *app, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;
	struct shortcut s;
	int rc;

	if (query_init(&q, b,
		       "SELECT " SHORTCUT_COLUMNS " FROM " SHORTCUT_TABLES
		       " WHERE c.app = (SELECT id FROM apps WHERE name = ?1)",
		       err) < 0)
		return -1;
	query_text(&q, 1, app);
	while ((rc = query_step(&q, err)) == QUERY_ROW) {
		row_shortcut(&s, &q);
		if (shortcut_encode(&l->row, &s, err) < 0 ||
		    by_name_add(l, s.name, s.native_id, err) < 0)
			return -1;
	}
	return rc < 0 ? -1 : by_name_sort(l, err);
}

int
shortcuts_each(struct box *b, const char *app, shortcut_fn *fn, void *ctx, struct err *err)
{
	AUTO(by_name_clear) struct by_name l = { 0 };
	struct span row;
	int rc;

	if (by_name_init(&l, b, err) < 0 || sort_shortcuts(&l, b, app, err) < 0)
		return -1;
	while ((rc = by_name_next(&row, &l, err)) == 0) {
		struct shortcut s;

		if (shortcut_decode(&s, app, row, err) < 0 || fn(ctx, &s, err) < 0)
			return -1;
	}
	return rc < 0 ? -1 : 0;
}

int
shortcuts_count(uint64_t *n, struct box *b, const char *app, bool selected_only, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;

	if (query_init(
		    &q, b,
		    "SELECT count(*) FROM shortcuts"
		    " WHERE app = (SELECT id FROM apps WHERE name = ?1) AND (selected OR NOT ?2)",
		    err) < 0)
		return -1;
	query_text(&q, 1, app);
	query_int(&q, 2, selected_only);
	if (query_step(&q, err) < 0)
		return -1;
	*n = (uint64_t)query_column_int(&q, 0);
	return 0;
}

int
shortcuts_each_missing(struct box *b, const char *app, bool selected_only, shortcut_fn *fn,
		       void *ctx, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;
	struct shortcut s;
	int rc;

	if (query_init(&q, b,
		       "SELECT " SHORTCUT_COLUMNS " FROM " SHORTCUT_TABLES
		       " WHERE c.app = (SELECT id FROM apps WHERE name = ?1)"
		       " AND (c.selected OR NOT ?2)"
		       " AND NOT EXISTS (SELECT 1 FROM items i WHERE i.app = c.app"
		       " AND i.item = c.item)"
		       " ORDER BY c.item",
		       err) < 0)
		return -1;
	query_text(&q, 1, app);
	query_int(&q, 2, selected_only);
	while ((rc = query_step(&q, err)) == QUERY_ROW) {
		row_shortcut(&s, &q);
		if (fn(ctx, &s, err) < 0)
			return -1;
	}
	return rc;
}

void
shortcut_found_clear(struct shortcut_found *f)
{
	buf_clear(&f->store);
}

static int
shortcut_store(struct shortcut *s, struct buf *store, struct err *err)
{
	struct span app, type, taken;

	buf_reset(store);
	if (buf_reserve(store,
			strlen(s->app) + s->native_id.n + s->path.n + s->name.n + strlen(s->type) +
				(s->taken ? strlen(s->taken) : 0) + 8,
			err) < 0 ||
	    store_span(&app, store, span_str(s->app), err) < 0 ||
	    store_span(&s->native_id, store, s->native_id, err) < 0 ||
	    store_span(&s->path, store, s->path, err) < 0 ||
	    store_span(&s->name, store, s->name, err) < 0 ||
	    store_span(&type, store, span_str(s->type), err) < 0 ||
	    store_span(&taken, store, span_str(s->taken ? s->taken : ""), err) < 0)
		return -1;
	s->taken = s->taken ? (const char *)taken.p : NULL;
	s->app = (const char *)app.p;
	s->type = (const char *)type.p;
	return 0;
}

int
shortcut_find(struct shortcut_found *f, struct box *b, const char *app, struct span typed,
	      struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;
	uint8_t item[BOX_ID_BYTES];
	int64_t number;
	int rc;

	if (lookup_item(item, b, app, LOOKUP_SHORTCUTS, typed, err) < 0 ||
	    app_need(&number, b, app, err) < 0 ||
	    query_init(&q, b,
		       "SELECT " SHORTCUT_COLUMNS " FROM " SHORTCUT_TABLES
		       " WHERE c.app = ?1 AND c.item = ?2",
		       err) < 0)
		return -1;
	query_int(&q, 1, number);
	query_blob(&q, 2, SPAN_ARRAY(item));
	rc = query_step(&q, err);
	if (rc == 0)
		return err_set(err, ERR_CONFLICT, "the shortcut was removed in the meantime");
	if (rc < 0)
		return -1;
	row_shortcut(&f->shortcut, &q);
	return shortcut_store(&f->shortcut, &f->store, err);
}

int
folders_each(struct box *b, folder_fn *fn, void *ctx, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;
	int rc;

	if (query_init(&q, b,
		       "SELECT a.name, count(*), sum(c.size),"
		       " sum(NOT c.pending AND s.item IS NOT NULL AND EXISTS (SELECT 1 FROM items i"
		       " WHERE i.app = c.app AND i.item = c.item))"
		       " FROM " SHORTCUT_TABLES " GROUP BY a.name ORDER BY a.name",
		       err) < 0)
		return -1;
	while ((rc = query_step(&q, err)) == QUERY_ROW) {
		struct folder f = {
			.app = query_column_text(&q, 0),
			.shortcuts = (uint64_t)query_column_int(&q, 1),
			.bytes = (uint64_t)query_column_int(&q, 2),
			.saved = (uint64_t)query_column_int(&q, 3),
		};
		if (fn(ctx, &f, err) < 0)
			return -1;
	}
	return rc;
}

/* Pending shortcuts, some at a time: a backup changes these rows on its way. */
struct pending_window {
	struct pending items[PENDING_WINDOW];
	size_t n;
};

/* Of the app, or one item of it. */
#define PENDING_ROWS                                                                               \
	"SELECT c.item, i.size, c.selected,"                                                       \
	" EXISTS (SELECT 1 FROM saved s WHERE s.item = c.item)"                                    \
	" FROM shortcuts c JOIN items i ON i.app = c.app AND i.item = c.item"                      \
	" WHERE c.app = ?1 AND c.pending"

static void
row_pending(struct pending *out, const struct query *q)
{
	query_column_bytes(q, 0, out->item, sizeof out->item);
	out->size = (uint64_t)query_column_int(q, 1);
	out->selected = query_column_int(q, 2) != 0;
	out->saved = query_column_int(q, 3) != 0;
}

static int
pending_next(struct pending_window *w, struct box *b, int64_t app, bool selected_only,
	     const struct span *after, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;
	int rc;

	w->n = 0;
	if (query_init(&q, b,
		       PENDING_ROWS " AND c.item > ?2 AND (c.selected OR NOT ?3)"
				    " ORDER BY c.item LIMIT ?4",
		       err) < 0)
		return -1;
	query_int(&q, 1, app);
	query_blob(&q, 2, *after);
	query_int(&q, 3, selected_only);
	query_int(&q, 4, PENDING_WINDOW);
	while ((rc = query_step(&q, err)) == QUERY_ROW)
		row_pending(&w->items[w->n++], &q);
	return rc;
}

int
shortcuts_each_pending(struct box *b, const char *app, bool selected_only, pending_fn *fn,
		       void *ctx, struct err *err)
{
	struct pending_window w;
	uint8_t last[BOX_ID_BYTES];
	struct span after = span_of("", 0);
	int64_t number;
	int rc = box_app_number(&number, b, app, err);

	if (rc)
		return rc < 0 ? -1 : 0;
	for (;;) {
		if (pending_next(&w, b, number, selected_only, &after, err) < 0)
			return -1;
		for (size_t i = 0; i < w.n; i++)
			if (fn(ctx, &w.items[i], err) < 0)
				return -1;
		if (w.n < PENDING_WINDOW)
			return 0;
		memcpy(last, w.items[w.n - 1].item, sizeof last);
		after = SPAN_ARRAY(last);
	}
}

int
shortcut_pending(struct box *b, const char *app, struct span native_id, pending_fn *fn, void *ctx,
		 struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;
	uint8_t item[BOX_ID_BYTES];
	struct pending p;
	int64_t number;
	int rc = box_app_number(&number, b, app, err);

	if (rc)
		return rc;
	if (inventory_item_id(item, b, app, native_id, err) < 0 ||
	    query_init(&q, b, PENDING_ROWS " AND c.item = ?2", err) < 0)
		return -1;
	query_int(&q, 1, number);
	query_blob(&q, 2, SPAN_ARRAY(item));
	rc = query_step(&q, err);
	if (rc != QUERY_ROW)
		return rc < 0 ? -1 : BOX_ABSENT;
	row_pending(&p, &q);
	query_clear(&q);
	return fn(ctx, &p, err) < 0 ? -1 : 0;
}

int
shortcuts_count_pending(uint64_t *n, struct box *b, const char *app, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;

	if (query_init(&q, b,
		       "SELECT count(*) FROM shortcuts WHERE pending"
		       " AND (?1 IS NULL OR app = (SELECT id FROM apps WHERE name = ?1))",
		       err) < 0)
		return -1;
	query_text(&q, 1, app);
	if (query_step(&q, err) < 0)
		return -1;
	*n = (uint64_t)query_column_int(&q, 0);
	return 0;
}

/* May these bytes stand in a line of text as they are? */
static bool
is_clean_text(struct span s)
{
	if (!s.n || u8_check(s.p, s.n))
		return false;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] < 0x20 || s.p[i] == 0x7f)
			return false;
		if (s.p[i] == 0xc2 && i + 1 < s.n && s.p[i + 1] < 0xa0)
			return false; /* U+0080 to U+009F */
	}
	return true;
}

/* How many items have an id in the range? */
static int
count_between(int64_t *n, struct box *b, const uint8_t *first, const uint8_t *last, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;

	if (query_init(&q, b,
		       "SELECT count(*) FROM (SELECT item FROM items"
		       " WHERE app IN (SELECT id FROM apps) AND item BETWEEN ?1 AND ?2"
		       " UNION SELECT item FROM shortcuts"
		       " WHERE app IN (SELECT id FROM apps) AND item BETWEEN ?1 AND ?2"
		       " UNION SELECT item FROM saved WHERE item BETWEEN ?1 AND ?2)",
		       err) < 0)
		return -1;
	query_blob(&q, 1, span_of(first, BOX_ID_BYTES));
	query_blob(&q, 2, span_of(last, BOX_ID_BYTES));
	if (query_step(&q, err) < 0)
		return -1;
	*n = query_column_int(&q, 0);
	return 0;
}

int
item_show_id(struct buf *out, struct box *b, struct span native_id,
	     const uint8_t item[static BOX_ID_BYTES], struct err *err)
{
	char digits[2 * BOX_ID_BYTES + 1];
	uint8_t first[BOX_ID_BYTES], last[BOX_ID_BYTES];
	int64_t n;

	if (is_clean_text(native_id))
		return buf_append(out, native_id, err);
	hex_encode(digits, span_of(item, BOX_ID_BYTES));
	for (size_t len = 8;; len++) {
		struct span shown = span_of(digits, len);
		short_id_range(first, last, shown);
		if (count_between(&n, b, first, last, err) < 0)
			return -1;
		if (n <= 1 || len == 2 * BOX_ID_BYTES)
			return buf_append(out, shown, err);
	}
}
