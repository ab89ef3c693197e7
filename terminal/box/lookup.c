/* SPDX-License-Identifier: Apache-2.0 */
/* lookup: see lookup.h. */
#include "box/lookup.h"

#include "box/shortcuts.h"

#define CANDIDATES_SHOWN 5

/* By item id in a range (?2, ?3), and by name (?2); ?1 is the app. */
struct lookup_sql {
	const char *by_range;
	const char *by_name;
};

static const struct lookup_sql lookup_sql[] = {
	[LOOKUP_ITEMS] = {
		"SELECT item, native_id FROM items WHERE app = ?1 AND item BETWEEN ?2 AND ?3",
		"SELECT item, native_id FROM items WHERE app = ?1 AND name = ?2 ORDER BY native_id",
	},
	[LOOKUP_SHORTCUTS] = {
		"SELECT item, native_id FROM shortcuts WHERE app = ?1 AND item BETWEEN ?2 AND ?3",
		"SELECT item, native_id FROM shortcuts WHERE app = ?1 AND name = ?2"
		" ORDER BY native_id",
	},
	[LOOKUP_SAVED] = {
		"SELECT item, native_id FROM saved WHERE app = ?1 AND item BETWEEN ?2 AND ?3",
		"SELECT s.item, s.native_id FROM saved s"
		" LEFT JOIN shortcuts c ON c.app = s.app AND c.item = s.item"
		" LEFT JOIN items i ON i.app = s.app AND i.item = s.item"
		" WHERE s.app = ?1 AND coalesce(c.name, i.name) = ?2 ORDER BY s.native_id",
	},
};

struct candidates {
	uint64_t n;
	uint8_t item[BOX_ID_BYTES]; /* the first */
	struct buf shown;
};

static int
candidates_add(struct candidates *c, struct box *b, const struct query *q, struct err *err)
{
	uint8_t item[BOX_ID_BYTES];

	query_column_bytes(q, 0, item, sizeof item);
	if (c->n == 0)
		memcpy(c->item, item, sizeof item);
	if (c->n++ >= CANDIDATES_SHOWN)
		return 0;
	if (c->n > 1 && buf_append_str(&c->shown, ", ", err) < 0)
		return -1;
	return item_show_id(&c->shown, b, query_column_blob(q, 1), item, err);
}

/* 0: exactly one; BOX_ABSENT; -1, also where there are several. */
static int
candidates_decide(struct candidates *c, struct span typed, const char *app, struct err *err)
{
	if (c->n == 0)
		return BOX_ABSENT;
	if (c->n == 1)
		return 0;
	err_set(err, ERR_AMBIGUOUS, "%.*s means %llu items of %s: %s%s", SPAN_ARGS(typed),
		(unsigned long long)c->n, app, buf_str(&c->shown),
		c->n > CANDIDATES_SHOWN ? ", …" : "");
	return err_hint(err, "type the id of one of them");
}

static int
lookup_query(struct query *q, struct candidates *c, struct box *b, struct span typed,
	     const char *app, struct err *err)
{
	int rc;

	while ((rc = query_step(q, err)) == QUERY_ROW) {
		if (candidates_add(c, b, q, err) < 0)
			return -1;
	}
	return rc < 0 ? -1 : candidates_decide(c, typed, app, err);
}

static int
lookup_range(struct candidates *c, struct box *b, int64_t app, const char *sql,
	     const uint8_t *first, const uint8_t *last, struct span typed, const char *name,
	     struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;

	if (query_init(&q, b, sql, err) < 0)
		return -1;
	query_int(&q, 1, app);
	query_blob(&q, 2, span_of(first, BOX_ID_BYTES));
	query_blob(&q, 3, span_of(last, BOX_ID_BYTES));
	return lookup_query(&q, c, b, typed, name, err);
}

static int
lookup_name(struct candidates *c, struct box *b, int64_t app, const char *sql, struct span typed,
	    const char *name, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;

	if (query_init(&q, b, sql, err) < 0)
		return -1;
	query_int(&q, 1, app);
	query_text_span(&q, 2, typed);
	return lookup_query(&q, c, b, typed, name, err);
}

static int
lookup_all(struct candidates *c, struct box *b, int64_t app, const char *name,
	   enum lookup_among among, struct span typed, struct err *err)
{
	const struct lookup_sql *sql = &lookup_sql[among];
	uint8_t first[BOX_ID_BYTES], last[BOX_ID_BYTES];
	int rc;

	keys_item_id(first, b->identity.ids, span_str(name), typed);
	rc = lookup_range(c, b, app, sql->by_range, first, first, typed, name, err);
	if (rc == BOX_ABSENT && short_id_range(first, last, typed))
		rc = lookup_range(c, b, app, sql->by_range, first, last, typed, name, err);
	if (rc == BOX_ABSENT)
		rc = lookup_name(c, b, app, sql->by_name, typed, name, err);
	return rc;
}

int
lookup_item(uint8_t item[static BOX_ID_BYTES], struct box *b, const char *app,
	    enum lookup_among among, struct span typed, struct err *err)
{
	struct candidates c = { .shown = BUF_INIT(64 << 10) };
	const struct identity *id;
	int64_t number = 0;
	int rc;

	if (box_identity_need(&id, b, err) < 0)
		return -1;
	rc = box_app_number(&number, b, app, err);
	if (rc == 0)
		rc = lookup_all(&c, b, number, app, among, typed, err);
	if (rc == 0)
		memcpy(item, c.item, BOX_ID_BYTES);
	buf_clear(&c.shown);
	if (rc != BOX_ABSENT)
		return rc;
	return err_set(err, ERR_NOT_FOUND, "%s has no item %.*s", app, SPAN_ARGS(typed));
}
