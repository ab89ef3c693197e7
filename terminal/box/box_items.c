/* SPDX-License-Identifier: Apache-2.0 */
/*
 * box_items: see box_items.h.
 *
 * `touched` says which of the Box's own items may differ from what was saved: (app, number of the
 * item), number -1 for all of an app, app 0 for `settings`.  `apps.spread` is the k for which the
 * numbers were noted.  A touch is forgotten when the item is found to be saved as it is.
 */
#include "box/box_items.h"

#include <stdio.h>
#include <stdlib.h>

#include "apps/apps.h"
#include "base/array.h"
#include "box/box_apps.h"
#include "box/box_internal.h"
#include "box/box_items_internal.h"
#include "box/content.h"
#include "box/kept_out.h"
#include "format/leb128.h"

#define ITEM_SHORTCUTS  64 /* in one item, about: n / 2^⌈log2(n / 64)⌉ */
#define SPREAD_MAX      30
#define TOUCHED_ALL     (-1)
#define TOUCHED_MAX     (1u << 20)
#define NATIVE_ID_BYTES (APP_NAME_MAX + 24)

/* The k for which 2^k items hold @n shortcuts: ⌈log2(n / 64)⌉, 0 below 65. */
static unsigned
spread_of(uint64_t n)
{
	unsigned k = 0;

	while (k < SPREAD_MAX && ((uint64_t)ITEM_SHORTCUTS << k) < n)
		k++;
	return k;
}

static int
touch(struct box *b, int64_t app, int64_t number, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;

	if (query_init(&q, b, "INSERT OR IGNORE INTO touched (app, number) VALUES (?1, ?2)", err) <
	    0)
		return -1;
	query_int(&q, 1, app);
	query_int(&q, 2, number);
	return query_run(&q, err);
}

static int
untouch(struct box *b, int64_t app, int64_t number, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;

	if (query_init(&q, b, "DELETE FROM touched WHERE app = ?1 AND number = ?2", err) < 0)
		return -1;
	query_int(&q, 1, app);
	query_int(&q, 2, number);
	return query_run(&q, err);
}

int
box_items_touch_settings(struct box *b, struct err *err)
{
	return touch(b, 0, 0, err);
}

int
box_items_touch_all(struct box *b, int64_t app, struct err *err)
{
	return touch(b, app, TOUCHED_ALL, err);
}

static int
app_spread(unsigned *k, struct box *b, int64_t app, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;

	if (query_init(&q, b, "SELECT spread FROM apps WHERE id = ?1", err) < 0)
		return -1;
	query_int(&q, 1, app);
	if (query_step(&q, err) < 0)
		return -1;
	*k = (unsigned)query_column_int(&q, 0);
	return 0;
}

int
box_items_touch(struct box *b, int64_t app, const uint8_t item[static BOX_ID_BYTES],
		struct err *err)
{
	unsigned k;

	if (app_spread(&k, b, app, err) < 0)
		return -1;
	return touch(b, app, (int64_t)id_leading_bits(item, k), err);
}

/* The bytes of `APP/NN`: the shortcuts of the app whose item ids begin with these bits. */

static void
group_range(uint8_t first[static BOX_ID_BYTES], uint8_t last[static BOX_ID_BYTES], unsigned k,
	    uint64_t number)
{
	uint64_t low = k ? number << (64 - k) : 0;
	uint64_t high = k ? low | (UINT64_MAX >> k) : UINT64_MAX;

	memset(first, 0, BOX_ID_BYTES);
	memset(last, 0xff, BOX_ID_BYTES);
	for (unsigned i = 0; i < 8; i++) {
		first[i] = (uint8_t)(low >> (56 - 8 * i));
		last[i] = (uint8_t)(high >> (56 - 8 * i));
	}
}

static int
put_bytes(struct buf *out, struct span s, struct err *err)
{
	return buf_append_leb128(out, s.n, err) < 0 ? -1 : buf_append(out, s, err);
}

static int
encode_shortcut(struct buf *out, const struct query *q, struct err *err)
{
	struct span native_id = query_column_blob(q, 0), path = query_column_blob(q, 1);
	bool has_path = !span_equal(native_id, path);
	uint8_t flags = (uint8_t)((query_column_int(q, 2) ? FLAG_SELECTED : 0) |
				  (has_path ? FLAG_PATH : 0));

	if (put_bytes(out, native_id, err) < 0 || buf_append_byte(out, flags, err) < 0)
		return -1;
	return has_path ? put_bytes(out, path, err) : 0;
}

/* Behind the shortcuts: the marks of items that are kept out. */
static int
encode_kept_out(struct buf *out, struct box *b, int64_t app, const uint8_t *first,
		const uint8_t *last, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;
	int rc;

	if (query_init(&q, b,
		       "SELECT mark FROM kept_out WHERE app = ?1 AND mark BETWEEN ?2 AND ?3"
		       " ORDER BY mark",
		       err) < 0)
		return -1;
	query_int(&q, 1, app);
	query_blob(&q, 2, span_of(first, KEPT_OUT_BYTES));
	query_blob(&q, 3, span_of(last, KEPT_OUT_BYTES));
	while ((rc = query_step(&q, err)) == QUERY_ROW)
		if ((out->n == 0 && buf_append_byte(out, ITEM_VERSION, err) < 0) ||
		    put_bytes(out, query_column_blob(&q, 0), err) < 0 ||
		    buf_append_byte(out, FLAG_KEPT_OUT, err) < 0)
			return -1;
	return rc;
}

/* Empty where the group has neither. */
static int
encode_group(struct buf *out, struct box *b, int64_t app, unsigned k, uint64_t number,
	     struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;
	uint8_t first[BOX_ID_BYTES], last[BOX_ID_BYTES];
	int rc;

	group_range(first, last, k, number);
	if (query_init(&q, b,
		       "SELECT native_id, path, selected FROM shortcuts"
		       " WHERE app = ?1 AND item BETWEEN ?2 AND ?3 ORDER BY native_id",
		       err) < 0)
		return -1;
	query_int(&q, 1, app);
	query_blob(&q, 2, SPAN_ARRAY(first));
	query_blob(&q, 3, SPAN_ARRAY(last));
	while ((rc = query_step(&q, err)) == QUERY_ROW) {
		if (out->n == 0 && buf_append_byte(out, ITEM_VERSION, err) < 0)
			return -1;
		if (encode_shortcut(out, &q, err) < 0)
			return -1;
	}
	return rc < 0 ? -1 : encode_kept_out(out, b, app, first, last, err);
}

/* The bytes of `settings`. */

static int
encode_app(void *ctx, const struct app *app, const struct box_app_counts *counts, struct err *err)
{
	struct buf *out = ctx;

	(void)counts;
	if (buf_append_byte(out, KIND_APP, err) < 0 ||
	    put_bytes(out, span_str(app->name), err) < 0 ||
	    put_bytes(out, span_str(app->adapter), err) < 0 ||
	    put_bytes(out, span_str(app->path), err) < 0 ||
	    buf_append_leb128(out, app->n_settings, err) < 0)
		return -1;
	for (size_t i = 0; i < app->n_settings; i++) {
		if (put_bytes(out, span_str(app->settings[i].key), err) < 0 ||
		    put_bytes(out, span_str(app->settings[i].value), err) < 0)
			return -1;
	}
	return 0;
}

static int
encode_settings(struct buf *out, struct box *b, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;
	int rc;

	if (buf_append_byte(out, ITEM_VERSION, err) < 0 ||
	    box_apps_each(b, encode_app, out, err) < 0 ||
	    query_init(&q, b,
		       "SELECT key, value FROM settings WHERE key NOT GLOB 'local-*' ORDER BY key",
		       err) < 0)
		return -1;
	while ((rc = query_step(&q, err)) == QUERY_ROW) {
		if (buf_append_byte(out, KIND_SETTING, err) < 0 ||
		    put_bytes(out, query_column_text_span(&q, 0), err) < 0 ||
		    put_bytes(out, query_column_blob(&q, 1), err) < 0)
			return -1;
	}
	if (rc == 0 && out->n == 1)
		buf_reset(out); /* no app, no setting: nothing to keep */
	return rc;
}

/* One of the Box's own items, to be compared with what was saved. */
struct look {
	int64_t app; /* 0: settings */
	unsigned k;
	int64_t number;
	char native_id[NATIVE_ID_BYTES];
	struct buf bytes;
	struct box_item item;
	bool differs;
};

#define LOOK_INIT                                                                                  \
	{                                                                                          \
		.bytes = BUF_INIT(BOX_ITEM_BYTES_MAX)                                              \
	}

static void
look_clear(struct look *l)
{
	buf_clear(&l->bytes);
}
AUTO_OBJ(look_clear, struct look);

static int
look_saved(struct look *l, struct box *b, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;
	uint8_t saved[BOX_HASH_BYTES];
	int rc;

	if (query_init(&q, b, "SELECT content FROM saved WHERE item = ?1", err) < 0)
		return -1;
	query_blob(&q, 1, SPAN_ARRAY(l->item.item));
	rc = query_step(&q, err);
	if (rc < 0)
		return -1;
	l->item.saved_before = rc == QUERY_ROW;
	if (l->item.saved_before)
		query_column_bytes(&q, 0, saved, sizeof saved);
	if (l->item.gone)
		l->differs = l->item.saved_before;
	else
		l->differs =
			!l->item.saved_before || memcmp(saved, l->item.content, sizeof saved) != 0;
	return 0;
}

/* Fill @l for (app, k, number); @name is the app's. */
static int
look_at(struct look *l, struct box *b, const char *name, struct err *err)
{
	int rc;

	buf_reset(&l->bytes);
	if (l->app == 0) {
		snprintf(l->native_id, sizeof l->native_id, "settings");
		rc = encode_settings(&l->bytes, b, err);
	} else {
		snprintf(l->native_id, sizeof l->native_id, "%s/%02llx", name,
			 (unsigned long long)l->number);
		rc = (uint64_t)l->number >> l->k
			     ? 0 /* beyond what the app has now */
			     : encode_group(&l->bytes, b, l->app, l->k, (uint64_t)l->number, err);
	}
	if (rc < 0)
		return -1;
	l->item = (struct box_item){
		.native_id = span_str(l->native_id),
		.bytes = buf_span(&l->bytes),
		.gone = l->bytes.n == 0,
	};
	keys_item_id(l->item.item, b->identity.ids, span_str(BOX_APP), l->item.native_id);
	content_of(l->item.content, b->identity.ids, l->item.bytes);
	return look_saved(l, b, err);
}

/* The touched numbers, expanded: a list that outlives changes to the table. */
struct touched {
	int64_t app;
	int64_t number;
	unsigned k;
	char name[APP_NAME_MAX + 1];
};

struct touched_list {
	struct touched *t;
	size_t n, cap;
};

static void
touched_list_clear(struct touched_list *l)
{
	free(l->t);
}
AUTO_OBJ(touched_list_clear, struct touched_list);

static int
list_add(struct touched_list *l, const struct touched *t, struct err *err)
{
	if (array_reserve((void **)&l->t, &l->cap, l->n + 1, sizeof *l->t, TOUCHED_MAX, err) < 0)
		return -1;
	l->t[l->n++] = *t;
	return 0;
}

/* Where the number of shortcuts asks for another k, every item of the app is another one. */
static int
spread_check(struct box *b, int64_t app, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;
	AUTO(query_clear) struct query put = QUERY_INIT;

	if (query_init(&q, b,
		       "SELECT spread, (SELECT count(*) FROM shortcuts WHERE app = ?1)"
		       " + (SELECT count(*) FROM kept_out WHERE app = ?1)"
		       " FROM apps WHERE id = ?1",
		       err) < 0)
		return -1;
	query_int(&q, 1, app);
	if (query_step(&q, err) < 0)
		return -1;
	unsigned k = spread_of((uint64_t)query_column_int(&q, 1));
	if (k == (unsigned)query_column_int(&q, 0))
		return 0;
	if (query_init(&put, b, "UPDATE apps SET spread = ?2 WHERE id = ?1", err) < 0)
		return -1;
	query_int(&put, 1, app);
	query_int(&put, 2, k);
	return query_run(&put, err) < 0 ? -1 : touch(b, app, TOUCHED_ALL, err);
}

static int
spreads_check(struct box *b, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;
	AUTO(buf_clear) struct buf apps = BUF_INIT(8u << 20);
	int rc;

	if (query_init(&q, b, "SELECT DISTINCT app FROM touched WHERE app <> 0", err) < 0)
		return -1;
	while ((rc = query_step(&q, err)) == QUERY_ROW) {
		if (buf_append_u64(&apps, (uint64_t)query_column_int(&q, 0), err) < 0)
			return -1;
	}
	query_clear(&q);
	for (size_t i = 0; rc == 0 && i < apps.n; i += 8)
		rc = spread_check(b, (int64_t)get_u64(apps.p + i), err);
	return rc;
}

/* Items of the app that were saved when it needed more of them. */
static int
list_surplus(struct touched_list *l, struct box *b, const struct touched *app, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;
	char first[NATIVE_ID_BYTES], last[NATIVE_ID_BYTES];
	size_t prefix = (size_t)snprintf(first, sizeof first, "%s/", app->name);
	struct touched t = *app;
	int rc;

	snprintf(last, sizeof last, "%s0", app->name); /* '0' follows '/' */
	if (query_init(
		    &q, b,
		    "SELECT native_id FROM saved WHERE app = (SELECT id FROM apps WHERE name = ?1)"
		    " AND native_id BETWEEN ?2 AND ?3 ORDER BY length(native_id), native_id",
		    err) < 0)
		return -1;
	query_text(&q, 1, BOX_APP);
	query_blob(&q, 2, span_str(first));
	query_blob(&q, 3, span_str(last));
	while ((rc = query_step(&q, err)) == QUERY_ROW) {
		t.number = strtoll(query_column_text(&q, 0) + prefix, NULL, 16);
		if ((uint64_t)t.number >> t.k && list_add(l, &t, err) < 0)
			return -1;
	}
	return rc;
}

static int
list_expand(struct touched_list *l, struct box *b, const struct touched *t, struct err *err)
{
	struct touched one = *t;

	if (t->app == 0 || t->number != TOUCHED_ALL)
		return list_add(l, t, err);
	for (one.number = 0; !((uint64_t)one.number >> t->k); one.number++) {
		if (list_add(l, &one, err) < 0)
			return -1;
	}
	return list_surplus(l, b, t, err);
}

static int
list_touched(struct touched_list *l, struct box *b, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;
	struct touched t = { 0 };
	int rc;

	if (query_init(&q, b,
		       "SELECT t.app, t.number, coalesce(a.spread, 0), coalesce(a.name, '')"
		       " FROM touched t LEFT JOIN apps a ON a.id = t.app ORDER BY t.app, t.number",
		       err) < 0)
		return -1;
	while ((rc = query_step(&q, err)) == QUERY_ROW) {
		/* "All" comes first and covers the single numbers of its app. */
		if (t.app && t.number == TOUCHED_ALL && t.app == query_column_int(&q, 0))
			continue;
		t.app = query_column_int(&q, 0);
		t.number = query_column_int(&q, 1);
		t.k = (unsigned)query_column_int(&q, 2);
		snprintf(t.name, sizeof t.name, "%s", query_column_text(&q, 3));
		if (list_expand(l, b, &t, err) < 0)
			return -1;
	}
	return rc;
}

static int
has_touched(bool *has, struct box *b, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;

	if (query_init(&q, b, "SELECT EXISTS (SELECT 1 FROM touched)", err) < 0 ||
	    query_step(&q, err) < 0)
		return -1;
	*has = query_column_int(&q, 0);
	return 0;
}

int
box_items_doubted(bool *is, struct box *b, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;

	if (query_init(&q, b,
		       "SELECT EXISTS (SELECT 1 FROM saved WHERE app ="
		       " (SELECT id FROM apps WHERE name = ?1) AND content = zeroblob(32))",
		       err) < 0)
		return -1;
	query_text(&q, 1, BOX_APP);
	if (query_step(&q, err) < 0)
		return -1;
	*is = query_column_int(&q, 0);
	return 0;
}

static int
check_spreads(struct box *b, struct err *err)
{
	if (box_begin(b, err) < 0)
		return -1;
	return box_end(b, spreads_check(b, err), err);
}

int
box_items_each_changed(struct box *b, box_item_fn *fn, void *ctx, struct err *err)
{
	AUTO(touched_list_clear) struct touched_list list = { 0 };
	AUTO(look_clear) struct look l = LOOK_INIT;
	const struct identity *id;
	bool has;

	if (box_identity_need(&id, b, err) < 0 || has_touched(&has, b, err) < 0)
		return -1;
	if (!has)
		return 0;
	if (check_spreads(b, err) < 0 || list_touched(&list, b, err) < 0)
		return -1;
	for (size_t i = 0; i < list.n; i++) {
		l.app = list.t[i].app;
		l.number = list.t[i].number;
		l.k = list.t[i].k;
		if (look_at(&l, b, list.t[i].name, err) < 0)
			return -1;
		if (l.differs && fn(ctx, &l.item, err) < 0)
			return -1;
	}
	return 0;
}

/* An app's "all" goes when none of its items differs; a single touch when that one does not. */
int
box_items_settle(struct box *b, struct err *err)
{
	AUTO(touched_list_clear) struct touched_list list = { 0 };
	AUTO(look_clear) struct look l = LOOK_INIT;
	bool differs = false;

	if (list_touched(&list, b, err) < 0)
		return -1;
	for (size_t i = 0; i < list.n; i++) {
		l.app = list.t[i].app;
		l.number = list.t[i].number;
		l.k = list.t[i].k;
		if (look_at(&l, b, list.t[i].name, err) < 0)
			return -1;
		if (!l.differs && untouch(b, l.app, l.number, err) < 0)
			return -1;
		differs |= l.differs;
		bool last_of_app = i + 1 == list.n || list.t[i + 1].app != l.app;
		if (last_of_app && !differs && untouch(b, l.app, TOUCHED_ALL, err) < 0)
			return -1;
		if (last_of_app)
			differs = false;
	}
	return 0;
}
