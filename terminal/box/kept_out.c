/* SPDX-License-Identifier: Apache-2.0 */
/* kept_out: see kept_out.h. */
#include "box/kept_out.h"

#include <sodium.h>

#include "box/rules.h"

struct mark {
	uint8_t b[KEPT_OUT_BYTES];
};

static struct mark
mark_of(const char *app, struct span native_id)
{
	uint8_t hash[crypto_generichash_BYTES];
	crypto_generichash_state h;
	struct mark m;

	crypto_generichash_init(&h, NULL, 0, sizeof hash);
	crypto_generichash_update(&h, (const uint8_t *)app, strlen(app) + 1);
	crypto_generichash_update(&h, native_id.p, native_id.n);
	crypto_generichash_final(&h, hash, sizeof hash);
	memcpy(m.b, hash, sizeof m.b);
	return m;
}

/* The Box's own item that holds the mark is another one now. */
static int
mark_touched(struct box *b, int64_t number, struct span mark, struct err *err)
{
	uint8_t id[BOX_ID_BYTES] = { 0 };

	memcpy(id, mark.p, KEPT_OUT_BYTES);
	return db_changes(b) ? box_items_touch(b, number, id, err) : 0;
}

static int
mark_put(struct box *b, int64_t number, struct span mark, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;

	if (query_init(&q, b, "INSERT OR IGNORE INTO kept_out (app, mark) VALUES (?1, ?2)", err) <
	    0)
		return -1;
	query_int(&q, 1, number);
	query_blob(&q, 2, mark);
	return query_run(&q, err) < 0 ? -1 : mark_touched(b, number, mark, err);
}

int
kept_out_add(struct box *b, const char *app, int64_t number, struct span native_id, struct err *err)
{
	struct mark m = mark_of(app, native_id);
	bool has;

	if (rules_has(&has, b, app, err) < 0)
		return -1;
	return has ? mark_put(b, number, SPAN_ARRAY(m.b), err) : 0;
}

int
kept_out_add_all(struct box *b, const char *app, int64_t number, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;
	bool has;
	int rc;

	if (rules_has(&has, b, app, err) < 0)
		return -1;
	if (!has)
		return 0;
	if (query_init(&q, b, "SELECT native_id FROM shortcuts WHERE app = ?1", err) < 0)
		return -1;
	query_int(&q, 1, number);
	while ((rc = query_step(&q, err)) == QUERY_ROW) {
		struct mark m = mark_of(app, query_column_blob(&q, 0));

		if (mark_put(b, number, SPAN_ARRAY(m.b), err) < 0)
			return -1;
	}
	return rc;
}

int
kept_out_put(struct box *b, const char *app, struct span mark, struct err *err)
{
	int64_t number;

	return box_app_intern(&number, b, app, err) < 0 ? -1 : mark_put(b, number, mark, err);
}

int
kept_out_remove(struct box *b, const char *app, int64_t number, struct span native_id,
		struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;
	struct mark m = mark_of(app, native_id);

	if (query_init(&q, b, "DELETE FROM kept_out WHERE app = ?1 AND mark = ?2", err) < 0)
		return -1;
	query_int(&q, 1, number);
	query_blob(&q, 2, SPAN_ARRAY(m.b));
	return query_run(&q, err) < 0 ? -1 : mark_touched(b, number, SPAN_ARRAY(m.b), err);
}

int
kept_out_drop(struct box *b, int64_t number, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;

	if (query_init(&q, b, "DELETE FROM kept_out WHERE app = ?1", err) < 0)
		return -1;
	query_int(&q, 1, number);
	if (query_run(&q, err) < 0)
		return -1;
	return db_changes(b) ? box_items_touch_all(b, number, err) : 0;
}

int
kept_out_has(struct box *b, const char *app, int64_t number, struct span native_id, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;
	struct mark m = mark_of(app, native_id);

	if (query_init(&q, b, "SELECT 1 FROM kept_out WHERE app = ?1 AND mark = ?2", err) < 0)
		return -1;
	query_int(&q, 1, number);
	query_blob(&q, 2, SPAN_ARRAY(m.b));
	return query_step(&q, err);
}
