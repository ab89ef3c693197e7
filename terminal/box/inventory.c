/* SPDX-License-Identifier: Apache-2.0 */
/* inventory: see inventory.h; inventory_refresh.c brings it up to date, this file reads it. */
#include "box/inventory.h"

#include "box/by_name.h"
#include "box/lookup.h"

#define TYPES_WINDOW 64

/* The columns of row_item(). */
#define ITEM_COLUMNS                                                                               \
	"i.native_id, i.item, i.name, i.type, i.size, i.modified_ms, s.path, s.stamp, i.position," \
	" i.offset, i.form, i.content, a.name,"                                                    \
	" EXISTS (SELECT 1 FROM shortcuts c WHERE c.app = i.app AND c.item = i.item),"             \
	" (SELECT k.taken FROM taken k WHERE k.app = i.app AND k.item = i.item"                    \
	" AND i.type IS NOT NULL)"
#define ITEM_TABLES "items i JOIN sources s ON s.id = i.source JOIN apps a ON a.id = i.app"

static void
row_item(struct inventory_item *out, const struct query *q)
{
	*out = (struct inventory_item){
		.native_id = query_column_blob(q, 0),
		.name = query_column_text_span(q, 2),
		.type = query_column_text(q, 3),
		.size = (uint64_t)query_column_int(q, 4),
		.modified_unix_ms = query_column_int(q, 5),
		.place = { .stamp = stamp_decode(query_column_blob(q, 7)),
			   .source = query_column_text(q, 6),
			   .position = (uint32_t)query_column_int(q, 8),
			   .offset = (uint64_t)query_column_int(q, 9),
			   .size = (uint64_t)query_column_int(q, 4),
			   .form = (uint8_t)query_column_int(q, 10) },
		.has_content = !query_column_is_null(q, 11),
		.app = query_column_text(q, 12),
		.in_box = query_column_int(q, 13),
		.taken = query_column_text(q, 14),
	};
	query_column_bytes(q, 1, out->item, BOX_ID_BYTES);
	query_column_bytes(q, 11, out->content, BOX_HASH_BYTES);
}

/* An item as bytes: what row_item() filled in, its app apart, which is the same for all. */
static int
item_encode(struct buf *out, const struct inventory_item *i, struct err *err)
{
	uint8_t stamp[STAMP_BYTES];

	stamp_encode(stamp, &i->place.stamp);
	if (buf_append(out, SPAN_ARRAY(i->item), err) < 0 ||
	    buf_append(out, SPAN_ARRAY(i->content), err) < 0 ||
	    buf_append(out, SPAN_ARRAY(stamp), err) < 0 ||
	    buf_append_byte(out, i->has_content, err) < 0 ||
	    buf_append_byte(out, i->in_box, err) < 0 || buf_append_u64(out, i->size, err) < 0 ||
	    buf_append_u64(out, (uint64_t)i->modified_unix_ms, err) < 0 ||
	    buf_append_u32(out, i->place.position, err) < 0 ||
	    buf_append_u64(out, i->place.offset, err) < 0 ||
	    buf_append_byte(out, i->place.form, err) < 0 || piece_put(out, i->native_id, err) < 0 ||
	    piece_put(out, i->name, err) < 0 || piece_put_string(out, i->type, err) < 0 ||
	    piece_put_string(out, i->taken, err) < 0)
		return -1;
	if (piece_put(out, i->thread, err) < 0 || piece_put(out, i->party, err) < 0)
		return -1;
	return piece_put_string(out, i->place.source, err);
}

/* @out borrows from @bytes. */
static int
item_decode(struct inventory_item *out, const char *app, struct span bytes, struct err *err)
{
	struct reader r = reader_of(bytes);

	*out = (struct inventory_item){ .app = app };
	read_bytes(&r, out->item, sizeof out->item);
	read_bytes(&r, out->content, sizeof out->content);
	out->place.stamp = stamp_decode(read_span(&r, STAMP_BYTES));
	out->has_content = read_u8(&r);
	out->in_box = read_u8(&r);
	out->size = out->place.size = read_u64(&r);
	out->modified_unix_ms = (int64_t)read_u64(&r);
	out->place.position = read_u32(&r);
	out->place.offset = read_u64(&r);
	out->place.form = read_u8(&r);
	out->native_id = piece_get(&r);
	out->name = piece_get(&r);
	out->type = piece_get_string(&r);
	out->taken = piece_get_string(&r);
	out->thread = piece_get(&r);
	out->party = piece_get(&r);
	out->place.source = piece_get_string(&r);
	return reader_done(&r, "an item put aside", err);
}

static int
sort_items(struct by_name *l, struct box *b, const char *app, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;
	struct inventory_item item;
	int rc;

	if (query_init(&q, b,
		       "SELECT " ITEM_COLUMNS ", t.thread, t.party FROM " ITEM_TABLES
		       " LEFT JOIN threads t ON t.source = i.source AND t.position = i.position"
		       " WHERE i.app = (SELECT id FROM apps WHERE name = ?1)",
		       err) < 0)
		return -1;
	query_text(&q, 1, app);
	while ((rc = query_step(&q, err)) == QUERY_ROW) {
		row_item(&item, &q);
		item.thread = query_column_text_span(&q, 15);
		item.party = query_column_text_span(&q, 16);
		if (item_encode(&l->row, &item, err) < 0 ||
		    by_name_add(l, item.name, item.native_id, err) < 0)
			return -1;
	}
	return rc < 0 ? -1 : by_name_sort(l, err);
}

int
inventory_each(struct box *b, const char *app, inventory_fn *fn, void *ctx, struct err *err)
{
	AUTO(by_name_clear) struct by_name l = { 0 };
	struct span row;
	int rc;

	if (by_name_init(&l, b, err) < 0 || sort_items(&l, b, app, err) < 0)
		return -1;
	while ((rc = by_name_next(&row, &l, err)) == 0) {
		struct inventory_item item;

		if (item_decode(&item, app, row, err) < 0 || fn(ctx, &item, err) < 0)
			return -1;
	}
	return rc < 0 ? -1 : 0;
}

void
inventory_found_clear(struct inventory_found *f)
{
	buf_clear(&f->store);
}

static int
store_string(const char **out, struct buf *store, const char *s, struct err *err)
{
	struct span copy;

	if (!s) {
		*out = NULL;
		return 0;
	}
	if (store_span(&copy, store, span_str(s), err) < 0)
		return -1;
	*out = (const char *)copy.p;
	return 0;
}

int
inventory_item_store(struct inventory_item *item, struct buf *store, struct err *err)
{
	size_t room = strlen(item->app) + item->native_id.n + item->name.n +
		      (item->type ? strlen(item->type) : 0) +
		      (item->taken ? strlen(item->taken) : 0) + strlen(item->place.source) + 8;

	buf_reset(store);
	if (buf_reserve(store, room, err) < 0 ||
	    store_string(&item->app, store, item->app, err) < 0 ||
	    store_span(&item->native_id, store, item->native_id, err) < 0 ||
	    store_span(&item->name, store, item->name, err) < 0 ||
	    store_string(&item->type, store, item->type, err) < 0 ||
	    store_string(&item->taken, store, item->taken, err) < 0)
		return -1;
	return store_string(&item->place.source, store, item->place.source, err);
}

int
inventory_get_id(struct inventory_found *f, struct box *b, const uint8_t item[static BOX_ID_BYTES],
		 struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;
	int rc;

	if (query_init(&q, b,
		       "SELECT " ITEM_COLUMNS " FROM " ITEM_TABLES
		       " WHERE i.app IN (SELECT id FROM apps) AND i.item = ?1",
		       err) < 0)
		return -1;
	query_blob(&q, 1, span_of(item, BOX_ID_BYTES));
	rc = query_step(&q, err);
	if (rc != QUERY_ROW)
		return rc < 0 ? -1 : BOX_ABSENT;
	row_item(&f->item, &q);
	return inventory_item_store(&f->item, &f->store, err);
}

int
inventory_item_id(uint8_t out[static BOX_ID_BYTES], struct box *b, const char *app,
		  struct span native_id, struct err *err)
{
	const struct identity *id;

	if (box_identity_need(&id, b, err) < 0)
		return -1;
	keys_item_id(out, id->ids, span_str(app), native_id);
	return 0;
}

int
inventory_get(struct inventory_found *f, struct box *b, const char *app, struct span native_id,
	      struct err *err)
{
	uint8_t item[BOX_ID_BYTES];

	if (inventory_item_id(item, b, app, native_id, err) < 0)
		return -1;
	return inventory_get_id(f, b, item, err);
}

int
inventory_find(struct inventory_found *f, struct box *b, const char *app, struct span typed,
	       struct err *err)
{
	uint8_t item[BOX_ID_BYTES];

	if (lookup_item(item, b, app, LOOKUP_ITEMS, typed, err) < 0)
		return -1;
	return inventory_get_id(f, b, item, err);
}

int
inventory_native_id(struct buf *out, struct box *b, const char *app, const struct app_place *place,
		    struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;
	struct app_stamp stamp;
	int rc;

	if (query_init(&q, b,
		       "SELECT i.native_id, s.stamp FROM apps a JOIN sources s ON s.app = a.id"
		       " JOIN items i ON i.source = s.id"
		       " WHERE a.name = ?1 AND s.path = ?2 AND i.position = ?3",
		       err) < 0)
		return -1;
	query_text(&q, 1, app);
	query_blob(&q, 2, span_str(place->source));
	query_int(&q, 3, place->position);
	rc = query_step(&q, err);
	if (rc != QUERY_ROW)
		return rc < 0 ? -1 : BOX_ABSENT;
	stamp = stamp_decode(query_column_blob(&q, 1));
	if (!app_stamp_equal(&stamp, &place->stamp))
		return BOX_ABSENT;
	return buf_append(out, query_column_blob(&q, 0), err);
}

/* Items without a type, some at a time: their rows are changed on the way. */
struct untyped {
	uint8_t items[TYPES_WINDOW][BOX_ID_BYTES];
	size_t n;
};

static int
untyped_next(struct untyped *u, struct box *b, int64_t app, const uint8_t *after, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;
	int rc;

	u->n = 0;
	if (query_init(&q, b,
		       "SELECT item FROM items WHERE app = ?1 AND item > ?2 AND type IS NULL"
		       " ORDER BY item LIMIT ?3",
		       err) < 0)
		return -1;
	query_int(&q, 1, app);
	query_blob(&q, 2, span_of(after, BOX_ID_BYTES));
	query_int(&q, 3, TYPES_WINDOW);
	while ((rc = query_step(&q, err)) == QUERY_ROW)
		query_column_bytes(&q, 0, u->items[u->n++], BOX_ID_BYTES);
	return rc;
}

int
inventory_taken(char out[static APP_TAKEN_BYTES], struct app_session *s, const char *type,
		const struct app_place *place, struct err *err)
{
	bool shows = strncmp(type, "image/", 6) == 0 || strncmp(type, "video/", 6) == 0;

	out[0] = '\0';
	return shows && s->adapter->taken ? s->adapter->taken(out, s, place, err) : 0;
}

/* Remember when it was taken, or that nobody knows. */
static int
taken_put(struct box *b, int64_t app, const uint8_t *item, const char *taken, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;

	if (query_init(
		    &q, b,
		    taken[0] ? "INSERT OR REPLACE INTO taken (app, item, taken) VALUES (?1, ?2, ?3)"
			     : "DELETE FROM taken WHERE app = ?1 AND item = ?2",
		    err) < 0)
		return -1;
	query_int(&q, 1, app);
	query_blob(&q, 2, span_of(item, BOX_ID_BYTES));
	if (taken[0])
		query_text(&q, 3, taken);
	return query_run(&q, err);
}

/* One item's type.  One that moved, or cannot be read, stays without: the next refresh sees it. */
static int
type_fill(struct box *b, struct app_session *s, int64_t app, const uint8_t *item, struct err *err)
{
	AUTO(inventory_found_clear) struct inventory_found f = INVENTORY_FOUND_INIT;
	AUTO(query_clear) struct query q = QUERY_INIT;
	struct err why = { 0 };
	char taken[APP_TAKEN_BYTES];
	const char *type;
	int rc = inventory_get_id(&f, b, item, err);

	if (rc || f.item.type)
		return rc < 0 ? -1 : 0;
	rc = s->adapter->type(&type, s, &f.item.place, &why);
	if (rc == 0)
		rc = inventory_taken(taken, s, type, &f.item.place, &why);
	if (rc)
		return rc < 0 && why.code == ERR_NOMEM ? err_nomem(err) : 0;
	if (query_init(&q, b, "UPDATE items SET type = ?3 WHERE app = ?1 AND item = ?2", err) < 0)
		return -1;
	query_int(&q, 1, app);
	query_blob(&q, 2, span_of(item, BOX_ID_BYTES));
	query_text(&q, 3, type);
	return query_run(&q, err) < 0 ? -1 : taken_put(b, app, item, taken, err);
}

static int
types_fill(struct box *b, struct app_session *s, int64_t app, const struct untyped *u,
	   struct err *err)
{
	int rc = 0;

	if (box_begin(b, err) < 0)
		return -1;
	for (size_t i = 0; rc == 0 && i < u->n; i++)
		rc = type_fill(b, s, app, u->items[i], err);
	return box_end(b, rc, err);
}

int
inventory_types(struct box *b, struct app_session *s, struct span native_id, struct err *err)
{
	uint8_t after[BOX_ID_BYTES] = { 0 };
	struct untyped u = { .n = 0 };
	int64_t app;
	int rc = box_app_number(&app, b, s->app->name, err);

	if (rc)
		return rc < 0 ? -1 : 0;
	if (native_id.p) {
		if (inventory_item_id(u.items[0], b, s->app->name, native_id, err) < 0)
			return -1;
		return type_fill(b, s, app, u.items[0], err);
	}
	for (;;) {
		if (untyped_next(&u, b, app, after, err) < 0)
			return -1;
		if (u.n == 0)
			return 0;
		if (types_fill(b, s, app, &u, err) < 0)
			return -1;
		memcpy(after, u.items[u.n - 1], sizeof after);
	}
}

static int
put_content(struct box *b, int64_t app, const uint8_t *item, const struct app_place *place,
	    const uint8_t *content, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;
	uint8_t stamp[STAMP_BYTES];

	if (query_init(&q, b,
		       "UPDATE items SET content = ?3 WHERE app = ?1 AND item = ?2 AND source ="
		       " (SELECT id FROM sources WHERE app = ?1 AND path = ?4 AND stamp = ?5)",
		       err) < 0)
		return -1;
	stamp_encode(stamp, &place->stamp);
	query_int(&q, 1, app);
	query_blob(&q, 2, span_of(item, BOX_ID_BYTES));
	query_blob(&q, 3, span_of(content, BOX_HASH_BYTES));
	query_blob(&q, 4, span_str(place->source));
	query_blob(&q, 5, SPAN_ARRAY(stamp));
	return query_run(&q, err) < 0 ? -1 : shortcut_judge(b, item, err);
}

int
inventory_put_content(struct box *b, const char *app, struct span native_id,
		      const struct app_place *place, const uint8_t content[static BOX_HASH_BYTES],
		      struct err *err)
{
	uint8_t item[BOX_ID_BYTES];
	int64_t number;
	int rc = box_app_number(&number, b, app, err);

	if (rc)
		return rc < 0 ? -1 : 0;
	if (inventory_item_id(item, b, app, native_id, err) < 0 || box_begin(b, err) < 0)
		return -1;
	return box_end(b, put_content(b, number, item, place, content, err), err);
}

static int
put_alias(struct box *b, const char *app, struct span uid, struct span native_id, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;
	int64_t number;

	if (box_app_intern(&number, b, app, err) < 0 ||
	    query_init(&q, b,
		       "INSERT OR REPLACE INTO aliases (app, uid, native_id) VALUES (?1, ?2, ?3)",
		       err) < 0)
		return -1;
	query_int(&q, 1, number);
	query_blob(&q, 2, uid);
	query_blob(&q, 3, native_id);
	return query_run(&q, err);
}

int
inventory_put_alias(struct box *b, const char *app, struct span uid, struct span native_id,
		    struct err *err)
{
	if (box_begin(b, err) < 0)
		return -1;
	return box_end(b, put_alias(b, app, uid, native_id, err), err);
}
