/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inventory_read: sources read, and their items placed: steps 2 to 4 of a refresh (inventory_refresh.c).
 */
#include "box/content.h"
#include "box/refresh_internal.h"
#include "box/rules.h"

#define READ_TRIES 3

/* app_refused_fn of a source's reading */
static int
read_refused(void *ctx, const struct app_refused *refused, struct err *err)
{
	struct refresh *r = ctx;

	r->counts.refused++;
	return r->refused ? r->refused(r->ctx, refused, err) : 0;
}

/* The columns that an item and an arrival share, bound from ?5 on. */
static void
bind_item(struct query *q, const struct app_item *item, int64_t source, const uint8_t *content)
{
	query_int(q, 5, source);
	query_int(q, 6, item->place.position);
	query_int(q, 7, (int64_t)item->place.offset);
	query_int(q, 8, (int64_t)item->place.size);
	query_int(q, 9, item->place.form);
	query_text_span(q, 10, item->name);
	query_text(q, 11, item->type);
	query_int(q, 12, item->modified_unix_ms);
	if (content)
		query_blob(q, 13, span_of(content, BOX_HASH_BYTES));
	if (item->id_by_content && !item->uid.n) {
		query_blob(q, 14, SPAN_ARRAY(item->content_id));
		query_blob(q, 15, SPAN_ARRAY(item->name_id));
	}
}

/* Is the item of @found another one for the rules: in what it says, or in where it lies?  That others
 * before it in its file grew is nothing to them. */
static int
is_news(bool *out, struct refresh *r, const struct id_found *found, const uint8_t *content,
	struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;
	int rc;

	*out = r->has_rules;
	if (!r->has_rules || !found->exists || !content)
		return 0;
	if (query_init(&q, r->b,
		       "SELECT content IS NOT ?3 OR source <> ?4 FROM items"
		       " WHERE app = ?1 AND item = ?2",
		       err) < 0)
		return -1;
	query_int(&q, 1, r->ids.app);
	query_blob(&q, 2, SPAN_ARRAY(found->item));
	query_blob(&q, 3, span_of(content, BOX_HASH_BYTES));
	query_int(&q, 4, r->ids.source);
	rc = query_step(&q, err);
	if (rc == QUERY_ROW)
		*out = query_column_int(&q, 0);
	return rc < 0 ? -1 : 0;
}

/* Write the row of @found; count what that changes. */
static int
item_put(struct refresh *r, const struct id_found *found, const struct app_item *item,
	 const uint8_t *content, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;
	bool news;

	if (is_news(&news, r, found, content, err) < 0 ||
	    query_init(
		    &q, r->b,
		    "INSERT INTO items (app, item, native_id, source, position, offset, size,"
		    " form, name, type, modified_ms, content, content_id, name_id) VALUES (?1, ?2,"
		    " ?3, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)"
		    " ON CONFLICT (app, item) DO UPDATE SET (source, position, offset, size, form,"
		    " name, type, modified_ms, content, content_id, name_id) = (?5, ?6, ?7, ?8, ?9,"
		    " ?10, ?11, ?12, ?13, ?14, ?15) WHERE (source, position, offset, size, form,"
		    " name, type, modified_ms, content, content_id, name_id) IS NOT (?5, ?6, ?7,"
		    " ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
		    err) < 0)
		return -1;
	query_int(&q, 1, r->ids.app);
	query_blob(&q, 2, SPAN_ARRAY(found->item));
	query_blob(&q, 3, buf_span(&found->native_id));
	bind_item(&q, item, r->ids.source, content);
	if (query_run(&q, err) < 0 || id_set_add(&r->ids.taken, found->item, err) < 0)
		return -1;
	if (db_changes(r->b) == 0)
		return 0;
	if (found->exists)
		r->counts.changed++;
	else
		r->counts.added++;
	if (news && rules_note(r->b, r->ids.app, found->item, err) < 0)
		return -1;
	return shortcut_judge(r->b, found->item, err);
}

/* Let the card wait until all sources are read. */
static int
arrival_put(struct refresh *r, const struct id_claim *c, const struct app_item *item,
	    const uint8_t *content, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;

	if (query_init(
		    &q, r->b,
		    "INSERT INTO arrivals (app, base, source, position, offset, size, form, name,"
		    " type, modified_ms, content, content_id, name_id) VALUES (?1, ?2, ?5, ?6, ?7,"
		    " ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
		    err) < 0)
		return -1;
	query_int(&q, 1, r->ids.app);
	query_blob(&q, 2, c->base);
	bind_item(&q, item, r->ids.source, content);
	return query_run(&q, err);
}

/* Which thread the message at this place is part of. */
static int
thread_put(struct refresh *r, const struct app_item *item, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;

	if (query_init(&q, r->b,
		       "INSERT INTO threads (source, position, thread, party)"
		       " VALUES (?1, ?2, ?3, ?4) ON CONFLICT (source, position)"
		       " DO UPDATE SET (thread, party) = (?3, ?4)"
		       " WHERE (thread, party) IS NOT (?3, ?4)",
		       err) < 0)
		return -1;
	query_int(&q, 1, r->ids.source);
	query_int(&q, 2, item->place.position);
	query_text_span(&q, 3, item->thread);
	query_text_span(&q, 4, item->party);
	r->n_threads = item->place.position + 1;
	return query_run(&q, err);
}

/* Places that the source just read does not have any more. */
static int
threads_cut(struct refresh *r, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;

	if (!r->s->adapter->form || !r->s->adapter->form->thread)
		return 0;
	if (query_init(&q, r->b, "DELETE FROM threads WHERE source = ?1 AND position >= ?2", err) <
	    0)
		return -1;
	query_int(&q, 1, r->ids.source);
	query_int(&q, 2, r->n_threads);
	return query_run(&q, err);
}

/* app_item_fn */
static int
item_seen(void *ctx, const struct app_item *item, struct err *err)
{
	struct refresh *r = ctx;
	AUTO(buf_clear) struct buf base = BUF_INIT(APP_PATH_MAX);
	AUTO(id_found_clear) struct id_found found = ID_FOUND_INIT;
	uint8_t content[BOX_HASH_BYTES];
	const uint8_t *known = NULL;
	struct id_claim claim;
	int rc;

	if (r->s->adapter->form && r->s->adapter->form->thread && thread_put(r, item, err) < 0)
		return -1;
	if (item->bytes.n) {
		content_of(content, r->b->identity.ids, item->bytes);
		known = content;
	}
	if (id_claim_of(&claim, &base, &r->ids, item, err) < 0)
		return -1;
	rc = id_find_here(&found, &r->ids, &claim, err);
	if (rc == BOX_ABSENT && claim.exact)
		rc = id_find_lost(&found, &r->ids, &claim, err);
	if (rc == BOX_ABSENT && r->anything_lost && !claim.exact)
		return arrival_put(r, &claim, item, known, err);
	if (rc == BOX_ABSENT)
		rc = id_make(&found, &r->ids, &claim, err);
	return rc < 0 ? -1 : item_put(r, &found, item, known, err);
}

/* After a source was read: items of it that were not found again have lost their place. */
static int
drop_untaken(struct refresh *r, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;
	AUTO(query_clear) struct query lose = QUERY_INIT;
	AUTO(buf_clear) struct buf lost = BUF_INIT(SIZE_MAX / 4);
	uint8_t item[BOX_ID_BYTES];
	int rc;

	if (query_init(&q, r->b, "SELECT item FROM items WHERE source = ?1", err) < 0 ||
	    query_init(&lose, r->b, "UPDATE items SET source = 0 WHERE app = ?1 AND item = ?2",
		       err) < 0)
		return -1;
	query_int(&q, 1, r->ids.source);
	while ((rc = query_step(&q, err)) == QUERY_ROW) {
		query_column_bytes(&q, 0, item, sizeof item);
		if (!id_set_has(&r->ids.taken, item) &&
		    buf_append(&lost, SPAN_ARRAY(item), err) < 0)
			return -1;
	}
	for (size_t i = 0; rc == 0 && i < lost.n; i += BOX_ID_BYTES) {
		query_int(&lose, 1, r->ids.app);
		query_blob(&lose, 2, span_of(lost.p + i, BOX_ID_BYTES));
		rc = query_run(&lose, err);
	}
	return rc;
}

static int
try_reading(struct refresh *r, const struct app_source *source, struct err *err)
{
	struct inventory_counts before = r->counts;
	int rc;

	id_set_reset(&r->ids.taken);
	r->n_threads = 0;
	if (db_exec(r->b, "SAVEPOINT reading", err) < 0)
		return -1;
	rc = r->s->adapter->read_source(r->s, source, item_seen, read_refused, r, err);
	if (rc == 0)
		rc = drop_untaken(r, err);
	if (rc == 0)
		rc = threads_cut(r, err);
	if (rc == APP_MOVED || rc == APP_UNREAD) {
		before.refused += rc == APP_UNREAD;
		r->counts = before;
		if (db_exec(r->b, "ROLLBACK TO reading", err) < 0)
			return -1;
	}
	if (rc < 0)
		return -1; /* the whole transaction is rolled back */
	return db_exec(r->b, "RELEASE reading", err) < 0 ? -1 : rc;
}

/* A young file whose content is known: is it still that? */
static int
verify_content(uint8_t content[static BOX_HASH_BYTES], struct refresh *r,
	       const struct app_source *source, struct err *err)
{
	AUTO(item_reader_free) struct item_reader *reader = NULL;
	struct app_place place = { .source = source->path,
				   .stamp = source->stamp,
				   .size = source->stamp.size };
	struct content c;
	struct span piece;
	int rc = item_reader_open(&reader, r->s, &place, err);

	content_init(&c, r->b->identity.ids);
	while (rc == 0) {
		rc = item_reader_next(reader, &piece, err);
		if (rc == 0)
			content_add(&c, piece);
	}
	content_final(&c, content);
	return rc == APP_END ? 0 : rc;
}

static int
content_put(struct refresh *r, const uint8_t *item, const uint8_t *content, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;

	if (query_init(&q, r->b, "UPDATE items SET content = ?3 WHERE app = ?1 AND item = ?2",
		       err) < 0)
		return -1;
	query_int(&q, 1, r->ids.app);
	query_blob(&q, 2, span_of(item, BOX_ID_BYTES));
	if (content)
		query_blob(&q, 3, span_of(content, BOX_HASH_BYTES));
	return query_run(&q, err) < 0 ? -1 : shortcut_judge(r->b, item, err);
}

/* SOURCE_YOUNG of an app of whole files: nothing but the content can have changed unseen. */
static int
verify_source(struct refresh *r, const struct app_source *source, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;
	uint8_t item[BOX_ID_BYTES], content[BOX_HASH_BYTES];
	int rc;

	if (query_init(&q, r->b, "SELECT item FROM items WHERE source = ?1 AND content IS NOT NULL",
		       err) < 0)
		return -1;
	query_int(&q, 1, r->ids.source);
	rc = query_step(&q, err);
	if (rc != QUERY_ROW)
		return rc;
	query_column_bytes(&q, 0, item, sizeof item);
	query_clear(&q);
	rc = verify_content(content, r, source, err);
	if (rc < 0 && err->code == ERR_IO) {
		struct app_refused refused = { .source = source->path, .why = err };
		if (read_refused(r, &refused, err) < 0)
			return -1;
		return content_put(r, item, NULL, err); /* nobody knows: a backup will see */
	}
	return rc ? rc : content_put(r, item, content, err);
}

/* The disk gave nothing: its items stay, but nobody knows whether they changed, so a backup will
 * look at each; and whoever looks reads the source anew, because it has no stamp. */
static int
source_unread(struct refresh *r, int64_t number, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;
	AUTO(buf_clear) struct buf items = BUF_INIT(SIZE_MAX / 4);
	const struct app_stamp none = { 0 };
	uint8_t item[BOX_ID_BYTES];
	int rc;

	if (query_init(&q, r->b, "SELECT item FROM items WHERE source = ?1", err) < 0)
		return -1;
	query_int(&q, 1, number);
	while ((rc = query_step(&q, err)) == QUERY_ROW) {
		query_column_bytes(&q, 0, item, sizeof item);
		if (buf_append(&items, SPAN_ARRAY(item), err) < 0)
			return -1;
	}
	for (size_t i = 0; rc == 0 && i < items.n; i += BOX_ID_BYTES)
		rc = content_put(r, items.p + i, NULL, err);
	return rc < 0 ? -1 : refresh_source_put(r, number, &none, SOURCE_OPEN, err);
}

static int
keeps_moving(struct refresh *r, const struct app_source *source, struct err *err)
{
	struct app_refused refused = { .source = source->path };
	struct err why = { 0 };

	err_set(&why, ERR_CONFLICT, "it keeps changing while it is read");
	refused.why = &why;
	return read_refused(r, &refused, err);
}

/* Read a source; when it moves, again, with its new stamp. */
static int
source_read(struct refresh *r, int64_t number, struct app_source *source, enum source_state state,
	    struct err *err)
{
	int rc = APP_MOVED;

	r->ids.source = number;
	for (int i = 0; i < READ_TRIES && rc == APP_MOVED; i++) {
		if (i > 0) {
			rc = r->s->adapter->stamp(&source->stamp, r->s, source->path, err);
			if (rc == APP_MOVED) /* gone: the next refresh sees that */
				return refresh_source_put(r, number, &source->stamp, SOURCE_OPEN,
							  err);
			if (rc < 0)
				return -1;
			state = SOURCE_OPEN;
		}
		r->counts.sources_read++;
		rc = state == SOURCE_YOUNG && !r->s->adapter->form ? verify_source(r, source, err)
								   : try_reading(r, source, err);
	}
	if (rc == APP_UNREAD)
		return source_unread(r, number, err);
	if (rc < 0 || (rc == APP_MOVED && keeps_moving(r, source, err) < 0))
		return -1;
	return refresh_source_put(r, number, &source->stamp, rc ? SOURCE_OPEN : SOURCE_READ, err);
}

/* The next source to be read, by path, after @after: BOX_ABSENT when there is none. */
static int
next_open(int64_t *number, struct buf *path, struct app_source *source, enum source_state *state,
	  struct refresh *r, struct span after, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;
	int rc;

	if (query_init(&q, r->b,
		       "SELECT id, path, stamp, state FROM sources WHERE app = ?1 AND path > ?2"
		       " AND state <> 0 ORDER BY path LIMIT 1",
		       err) < 0)
		return -1;
	query_int(&q, 1, r->ids.app);
	query_blob(&q, 2, after);
	rc = query_step(&q, err);
	if (rc != QUERY_ROW)
		return rc < 0 ? -1 : BOX_ABSENT;
	*number = query_column_int(&q, 0);
	buf_reset(path);
	if (buf_append(path, query_column_blob(&q, 1), err) < 0)
		return -1;
	source->path = buf_str(path);
	source->stamp = stamp_decode(query_column_blob(&q, 2));
	*state = (enum source_state)query_column_int(&q, 3);
	return 0;
}

int
refresh_read_sources(struct refresh *r, struct err *err)
{
	AUTO(buf_clear) struct buf path = BUF_INIT(APP_PATH_MAX);
	AUTO(buf_clear) struct buf after = BUF_INIT(APP_PATH_MAX);
	struct app_source source;
	enum source_state state;
	int64_t number;
	int rc;

	while ((rc = next_open(&number, &path, &source, &state, r, buf_span(&after), err)) == 0) {
		if (source_read(r, number, &source, state, err) < 0)
			return -1;
		buf_reset(&after);
		if (buf_append(&after, buf_span(&path), err) < 0)
			return -1;
	}
	return rc < 0 ? -1 : 0;
}

/* An arrival as the item that it is. */
static void
arrival_of_row(struct app_item *item, const struct query *q)
{
	*item = (struct app_item){
		.place = { .position = (uint32_t)query_column_int(q, 2),
			   .offset = (uint64_t)query_column_int(q, 3),
			   .size = (uint64_t)query_column_int(q, 4),
			   .form = (uint8_t)query_column_int(q, 5) },
		.name = query_column_text_span(q, 6),
		.type = query_column_text(q, 7),
		.modified_unix_ms = query_column_int(q, 8),
		.id_by_content = !query_column_is_null(q, 10),
	};
	query_column_bytes(q, 10, item->content_id, sizeof item->content_id);
	query_column_bytes(q, 11, item->name_id, sizeof item->name_id);
}

static int
arrival_place(struct refresh *r, const struct query *q, struct err *err)
{
	AUTO(id_found_clear) struct id_found found = ID_FOUND_INIT;
	struct app_item item;
	struct span content = query_column_blob(q, 9);
	int rc;

	arrival_of_row(&item, q);
	struct id_claim claim = {
		.base = query_column_blob(q, 0),
		.by_content = item.id_by_content,
		.content_id = item.content_id,
		.name_id = item.name_id,
	};
	r->ids.source = query_column_int(q, 1);
	rc = id_find_lost(&found, &r->ids, &claim, err);
	if (rc == BOX_ABSENT)
		rc = id_make(&found, &r->ids, &claim, err);
	if (rc < 0)
		return -1;
	return item_put(r, &found, &item, content.n == BOX_HASH_BYTES ? content.p : NULL, err);
}

int
refresh_place_arrivals(struct refresh *r, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;
	int rc;

	id_set_reset(&r->ids.taken);
	if (query_init(&q, r->b,
		       "SELECT base, source, position, offset, size, form, name, type, modified_ms,"
		       " content, content_id, name_id FROM arrivals WHERE app = ?1 ORDER BY number",
		       err) < 0)
		return -1;
	query_int(&q, 1, r->ids.app);
	while ((rc = query_step(&q, err)) == QUERY_ROW) {
		if (arrival_place(r, &q, err) < 0)
			return -1;
	}
	query_clear(&q);
	return rc < 0 ? -1
		      : refresh_run_on(r, "DELETE FROM arrivals WHERE app = ?1", r->ids.app, err);
}

int
refresh_drop_lost(struct refresh *r, struct err *err)
{
	if (refresh_run_on(r,
			   "UPDATE shortcuts SET pending = 0 WHERE app = ?1 AND pending AND item IN"
			   " (SELECT item FROM items WHERE source = 0 AND app = ?1)",
			   r->ids.app, err) < 0 ||
	    refresh_run_on(r,
			   "DELETE FROM taken WHERE app = ?1 AND item IN (SELECT item FROM items"
			   " WHERE source = 0 AND app = ?1) AND NOT EXISTS (SELECT 1 FROM"
			   " shortcuts c WHERE c.app = taken.app AND c.item = taken.item)",
			   r->ids.app, err) < 0 ||
	    refresh_run_on(r, "DELETE FROM items WHERE source = 0 AND app = ?1", r->ids.app, err) <
		    0)
		return -1;
	r->counts.removed = db_changes(r->b);
	return 0;
}
