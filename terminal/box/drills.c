/* SPDX-License-Identifier: Apache-2.0 */
/*
 * drills: see drills.h.
 *
 * The end of a drill is the setting `local-drill-full` or `local-drill-locked`: version (1: 1), when
 * (8, milliseconds), items (8), failed (8).
 */
#include "box/drills.h"

#include "base/bytes.h"
#include "box/box_internal.h"
#include "box/box_items.h"
#include "box/receipts.h"
#include "box/settings.h"
#include "crypto/ds.h"

#define DONE_VERSION 1

const char *
drill_kind_name(enum drill_kind kind)
{
	return kind == DRILL_FULL ? "full" : "locked";
}

static const char *
done_key(enum drill_kind kind)
{
	return kind == DRILL_FULL ? "local-drill-full" : "local-drill-locked";
}

int
drill_done_get(struct drill_done *out, struct box *b, enum drill_kind kind, struct err *err)
{
	AUTO(buf_clear) struct buf value = BUF_INIT(SETTING_VALUE_MAX);
	int rc = setting_get(&value, b, done_key(kind), err);
	struct reader r;
	uint8_t version;

	if (rc != 0)
		return rc;
	r = reader_of(buf_span(&value));
	version = read_u8(&r);
	*out = (struct drill_done){ .kind = kind };
	out->at_unix_ms = (int64_t)read_u64(&r);
	out->items = read_u64(&r);
	out->failed = read_u64(&r);
	/* One of another program's making is none of ours: the next drill writes it anew. */
	return r.failed || version != DONE_VERSION ? BOX_ABSENT : 0;
}

int
drill_done_newest(struct drill_done *out, struct box *b, struct err *err)
{
	struct drill_done full;

	*out = (struct drill_done){ .at_unix_ms = 0 };
	int rc = drill_done_get(out, b, DRILL_LOCKED, err);
	int rc_full = rc < 0 ? -1 : drill_done_get(&full, b, DRILL_FULL, err);

	if (rc < 0 || rc_full < 0)
		return -1;
	if (rc_full == 0 && (rc != 0 || full.at_unix_ms >= out->at_unix_ms)) {
		*out = full;
		return 0;
	}
	return rc;
}

int
drill_done_since(struct drill_done *out, struct box *b, enum drill_kind kind, struct err *err)
{
	int rc = drill_done_get(out, b, kind, err);

	if (rc != BOX_ABSENT)
		return rc;
	*out = (struct drill_done){ .kind = kind };
	return receipts_begin(&out->at_unix_ms, b, err);
}

int
drill_done_put(struct box *b, const struct drill_done *d, struct err *err)
{
	AUTO(buf_clear) struct buf value = BUF_INIT(SETTING_VALUE_MAX);

	if (buf_append_byte(&value, DONE_VERSION, err) < 0 ||
	    buf_append_u64(&value, (uint64_t)d->at_unix_ms, err) < 0 ||
	    buf_append_u64(&value, d->items, err) < 0 || buf_append_u64(&value, d->failed, err) < 0)
		return -1;
	return setting_set(b, done_key(d->kind), buf_span(&value), err);
}

/* ---- damage ---- */

static int
blot_out(struct box *b, const uint8_t item[static BOX_ID_BYTES], struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;
	static const uint8_t unknown[BOX_HASH_BYTES];

	if (query_init(&q, b,
		       "UPDATE saved SET content = ?2, chunks = x'', proven_ms = 0 WHERE item = ?1",
		       err) < 0)
		return -1;
	query_blob(&q, 1, span_of(item, BOX_ID_BYTES));
	query_blob(&q, 2, SPAN_ARRAY(unknown));
	return query_run(&q, err);
}

/* One of the Box's own items: "settings", or "APP/NN".  The next backup looks at it again. */
static int
touch_own(struct box *b, struct span native_id, struct err *err)
{
	const uint8_t *slash = native_id.n ? memchr(native_id.p, '/', native_id.n) : NULL;
	char name[APP_NAME_MAX + 1];
	size_t n = slash ? (size_t)(slash - native_id.p) : 0;
	int64_t app;
	int rc;

	if (!slash)
		return box_items_touch_settings(b, err);
	if (n > APP_NAME_MAX)
		return 0;
	memcpy(name, native_id.p, n);
	name[n] = '\0';
	rc = box_app_number(&app, b, name, err);
	return rc ? rc < 0 ? -1 : 0 : box_items_touch_all(b, app, err);
}

/* A shortcut that the app has something for. */
static int
is_here(bool *here, struct box *b, const uint8_t item[static BOX_ID_BYTES], struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;
	int rc;

	if (query_init(&q, b,
		       "SELECT 1 FROM shortcuts c JOIN items i ON i.app = c.app AND i.item = c.item"
		       " WHERE c.app IN (SELECT id FROM apps) AND c.item = ?1",
		       err) < 0)
		return -1;
	query_blob(&q, 1, span_of(item, BOX_ID_BYTES));
	rc = query_step(&q, err);
	*here = rc == QUERY_ROW;
	return rc < 0 ? -1 : 0;
}

static int
doubt(bool *again, struct box *b, const uint8_t item[static BOX_ID_BYTES], struct err *err)
{
	AUTO(saved_found_clear) struct saved_found f = SAVED_FOUND_INIT;
	int rc = saved_get(&f, b, item, err);

	*again = false;
	if (rc != 0)
		return rc < 0 ? -1 : 0;
	if (blot_out(b, item, err) < 0)
		return -1;
	if (strcmp(f.saved.app, BOX_APP) == 0) {
		*again = true;
		return touch_own(b, f.saved.native_id, err);
	}
	return is_here(again, b, item, err) < 0 ? -1 : shortcut_judge(b, item, err);
}

int
saved_doubt(bool *again, struct box *b, const uint8_t item[static BOX_ID_BYTES], struct err *err)
{
	if (box_begin(b, err) < 0)
		return -1;
	return box_end(b, doubt(again, b, item, err), err);
}

/* ---- objects ---- */

void
sent_object_hash(uint8_t out[static BOX_HASH_BYTES], struct span object)
{
	ds_hash(out, DS(DS_OBJECT, DS_SPAN(object)));
}

static int
put_objects(struct box *b, const struct sent_object *list, size_t n, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;

	if (query_init(&q, b, "INSERT OR IGNORE INTO sent_objects (cid, hash) VALUES (?1, ?2)",
		       err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		query_blob(&q, 1, SPAN_ARRAY(list[i].cid));
		query_blob(&q, 2, SPAN_ARRAY(list[i].hash));
		if (query_run(&q, err) < 0)
			return -1;
	}
	return 0;
}

int
sent_objects_put(struct box *b, const struct sent_object *list, size_t n, struct err *err)
{
	if (n == 0)
		return 0;
	if (box_begin(b, err) < 0)
		return -1;
	return box_end(b, put_objects(b, list, n, err), err);
}

int
sent_object_check(struct box *b, const uint8_t cid[static BOX_HASH_BYTES],
		  const uint8_t hash[static BOX_HASH_BYTES], struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;
	int rc, known = BOX_UNKNOWN;

	if (query_init(&q, b, "SELECT hash = ?2 FROM sent_objects WHERE cid = ?1", err) < 0)
		return -1;
	query_blob(&q, 1, span_of(cid, BOX_HASH_BYTES));
	query_blob(&q, 2, span_of(hash, BOX_HASH_BYTES));
	while ((rc = query_step(&q, err)) == QUERY_ROW)
		known = known == 0 || query_column_int(&q, 0) ? 0 : 1;
	return rc < 0 ? -1 : known;
}
