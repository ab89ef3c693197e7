/* SPDX-License-Identifier: Apache-2.0 */
/* ids: see ids.h. */
#include "box/ids.h"

#include <stdlib.h>

#include "base/bytes.h"
#include "item/item.h"

#define NUMBERED_MAX 1000000 /* items of one id: far above what a limit on sources lets in */

void
id_set_clear(struct id_set *s)
{
	free(s->slots);
	*s = (struct id_set){ 0 };
}

void
id_set_reset(struct id_set *s)
{
	if (s->n)
		memset(s->slots, 0, s->cap * sizeof *s->slots);
	s->n = 0;
}

int
ids_init(struct ids *out, struct box *b, int64_t app, const char *app_name, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;

	*out = (struct ids){ .b = b, .app = app, .app_name = app_name };
	if (query_init(&q, b,
		       "SELECT EXISTS (SELECT 1 FROM aliases WHERE app = ?1),"
		       " EXISTS (SELECT 1 FROM numbered WHERE app = ?1)",
		       err) < 0)
		return -1;
	query_int(&q, 1, app);
	if (query_step(&q, err) < 0)
		return -1;
	out->any_alias = query_column_int(&q, 0);
	out->any_number = query_column_int(&q, 1);
	return 0;
}

void
ids_clear(struct ids *ids)
{
	id_set_clear(&ids->taken);
}

static const uint8_t no_id[BOX_ID_BYTES];

/* Where @id is, or would be.  Ids are hashes: their first bytes choose the slot. */
static size_t
id_set_at(const struct id_set *s, const uint8_t *id)
{
	size_t at = (size_t)get_u64(id) & (s->cap - 1);

	while (memcmp(s->slots[at], no_id, BOX_ID_BYTES) != 0 &&
	       memcmp(s->slots[at], id, BOX_ID_BYTES) != 0)
		at = (at + 1) & (s->cap - 1);
	return at;
}

static int
id_set_grow(struct id_set *s, struct err *err)
{
	struct id_set more = { .cap = s->cap ? 2 * s->cap : 64, .n = s->n };

	more.slots = calloc(more.cap, sizeof *more.slots);
	if (!more.slots)
		return err_nomem(err);
	for (size_t i = 0; i < s->cap; i++) {
		if (memcmp(s->slots[i], no_id, BOX_ID_BYTES) != 0)
			memcpy(more.slots[id_set_at(&more, s->slots[i])], s->slots[i],
			       BOX_ID_BYTES);
	}
	free(s->slots);
	*s = more;
	return 0;
}

int
id_set_add(struct id_set *s, const uint8_t id[static BOX_ID_BYTES], struct err *err)
{
	if (2 * (s->n + 1) > s->cap && id_set_grow(s, err) < 0)
		return -1;
	size_t at = id_set_at(s, id);
	if (memcmp(s->slots[at], no_id, BOX_ID_BYTES) == 0)
		s->n++;
	memcpy(s->slots[at], id, BOX_ID_BYTES);
	return 0;
}

bool
id_set_has(const struct id_set *s, const uint8_t id[static BOX_ID_BYTES])
{
	return s->cap && memcmp(s->slots[id_set_at(s, id)], id, BOX_ID_BYTES) == 0;
}

void
id_found_clear(struct id_found *f)
{
	buf_clear(&f->native_id);
}

static int
found_set(struct id_found *out, struct span native_id, const uint8_t *item, struct err *err)
{
	buf_reset(&out->native_id);
	memcpy(out->item, item, BOX_ID_BYTES);
	out->exists = true;
	return buf_append(&out->native_id, native_id, err);
}

/* Is there a row, and to which source does it belong? */
static int
row_source(int64_t *source, const struct ids *ids, const uint8_t item[static BOX_ID_BYTES],
	   struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;
	int rc;

	if (query_init(&q, ids->b, "SELECT source FROM items WHERE app = ?1 AND item = ?2", err) <
	    0)
		return -1;
	query_int(&q, 1, ids->app);
	query_blob(&q, 2, span_of(item, BOX_ID_BYTES));
	rc = query_step(&q, err);
	if (rc == QUERY_ROW)
		*source = query_column_int(&q, 0);
	return rc == QUERY_ROW ? 0 : rc < 0 ? -1 : BOX_ABSENT;
}

/* How many numbers of @base were ever given: 1 where nobody shared it. */
static int
numbers_of(int64_t *n, const struct ids *ids, struct span base, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;
	int rc;

	*n = 1;
	if (!ids->any_number)
		return 0;
	if (query_init(&q, ids->b, "SELECT n FROM numbered WHERE app = ?1 AND base = ?2", err) < 0)
		return -1;
	query_int(&q, 1, ids->app);
	query_blob(&q, 2, base);
	rc = query_step(&q, err);
	if (rc == QUERY_ROW)
		*n = query_column_int(&q, 0);
	return rc < 0 ? -1 : 0;
}

static int
numbers_put(struct ids *ids, struct span base, int64_t n, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;

	if (query_init(&q, ids->b,
		       "INSERT OR REPLACE INTO numbered (app, base, n) VALUES (?1, ?2, ?3)",
		       err) < 0)
		return -1;
	query_int(&q, 1, ids->app);
	query_blob(&q, 2, base);
	query_int(&q, 3, n);
	ids->any_number = true;
	return query_run(&q, err);
}

/* @out: `BASE`, or `BASE#n` from the second on. */
static int
numbered_id(struct id_found *out, const struct ids *ids, const struct id_claim *c, int64_t n,
	    struct err *err)
{
	buf_reset(&out->native_id);
	if (buf_append(&out->native_id, c->base, err) < 0)
		return -1;
	if (n > 1 && buf_append_fmt(&out->native_id, err, "#%lld", (long long)n) < 0)
		return -1;
	keys_item_id(out->item, ids->b->identity.ids, span_str(ids->app_name),
		     buf_span(&out->native_id));
	return 0;
}

/* The first `BASE#n` whose row belongs to @source and is not taken. */
static int
find_numbered(struct id_found *out, struct ids *ids, const struct id_claim *c, int64_t source,
	      struct err *err)
{
	int64_t numbers = 1, belongs;

	if (!c->exact && numbers_of(&numbers, ids, c->base, err) < 0)
		return -1;
	for (int64_t n = 1; n <= numbers; n++) {
		if (numbered_id(out, ids, c, n, err) < 0)
			return -1;
		int rc = row_source(&belongs, ids, out->item, err);
		if (rc < 0)
			return -1;
		if (rc == 0 && belongs == source && !id_set_has(&ids->taken, out->item)) {
			out->exists = true;
			return 0;
		}
	}
	return BOX_ABSENT;
}

/* The first row of @source with this content id that is not taken. */
static int
find_content(struct id_found *out, struct ids *ids, const struct id_claim *c, int64_t source,
	     struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;
	uint8_t item[BOX_ID_BYTES];
	int rc;

	if (query_init(&q, ids->b,
		       "SELECT item, native_id FROM items WHERE source = ?1 AND content_id = ?2"
		       " AND app = ?3 ORDER BY position",
		       err) < 0)
		return -1;
	query_int(&q, 1, source);
	query_blob(&q, 2, span_of(c->content_id, APP_CONTENT_ID_BYTES));
	query_int(&q, 3, ids->app);
	while ((rc = query_step(&q, err)) == QUERY_ROW) {
		query_column_bytes(&q, 0, item, sizeof item);
		if (!id_set_has(&ids->taken, item))
			return found_set(out, query_column_blob(&q, 1), item, err);
	}
	return rc < 0 ? -1 : BOX_ABSENT;
}

/* The one lost card of this name, if only one new card has it. */
static int
find_name(struct id_found *out, struct ids *ids, const struct id_claim *c, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;
	uint8_t item[BOX_ID_BYTES];
	int rc;

	if (memcmp(c->name_id, no_id, APP_CONTENT_ID_BYTES) == 0)
		return BOX_ABSENT;
	if (query_init(&q, ids->b,
		       "SELECT item, native_id, count(*),"
		       " (SELECT count(*) FROM arrivals WHERE app = ?1 AND name_id = ?2)"
		       " FROM items WHERE source = 0 AND app = ?1 AND name_id = ?2",
		       err) < 0)
		return -1;
	query_int(&q, 1, ids->app);
	query_blob(&q, 2, span_of(c->name_id, APP_CONTENT_ID_BYTES));
	rc = query_step(&q, err);
	if (rc < 0)
		return -1;
	if (rc != QUERY_ROW || query_column_int(&q, 2) != 1 || query_column_int(&q, 3) != 1)
		return BOX_ABSENT;
	query_column_bytes(&q, 0, item, sizeof item);
	return found_set(out, query_column_blob(&q, 1), item, err);
}

int
id_find_here(struct id_found *out, struct ids *ids, const struct id_claim *c, struct err *err)
{
	return c->by_content ? find_content(out, ids, c, ids->source, err)
			     : find_numbered(out, ids, c, ids->source, err);
}

int
id_find_lost(struct id_found *out, struct ids *ids, const struct id_claim *c, struct err *err)
{
	if (!c->by_content)
		return find_numbered(out, ids, c, 0, err);
	int rc = find_content(out, ids, c, 0, err);
	return rc == BOX_ABSENT ? find_name(out, ids, c, err) : rc;
}

int
id_make(struct id_found *out, struct ids *ids, const struct id_claim *c, struct err *err)
{
	int64_t numbers, belongs;

	if (numbers_of(&numbers, ids, c->base, err) < 0)
		return -1;
	for (int64_t n = 1; n <= NUMBERED_MAX; n++) {
		if (numbered_id(out, ids, c, n, err) < 0)
			return -1;
		int rc = row_source(&belongs, ids, out->item, err);
		if (rc < 0)
			return -1;
		if (rc == BOX_ABSENT) {
			out->exists = false;
			return n > numbers ? numbers_put(ids, c->base, n, err) : 0;
		}
	}
	return err_set(err, ERR_LIMIT, "more than %d items of %s have the same id", NUMBERED_MAX,
		       ids->app_name);
}

/* The native id that stands in the first row of @sql (app, uid or range). */
static int
alias_of(struct buf *store, struct ids *ids, struct span uid, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;
	int rc;

	if (!ids->any_alias)
		return BOX_ABSENT;
	if (query_init(&q, ids->b, "SELECT native_id FROM aliases WHERE app = ?1 AND uid = ?2",
		       err) < 0)
		return -1;
	query_int(&q, 1, ids->app);
	query_blob(&q, 2, uid);
	rc = query_step(&q, err);
	if (rc != QUERY_ROW)
		return rc < 0 ? -1 : BOX_ABSENT;
	return buf_append(store, query_column_blob(&q, 0), err);
}

/* The first six bytes of a UUIDv8 are the item id's, undisturbed: the ids it may be of. */
static bool
uuid8_range(uint8_t first[static BOX_ID_BYTES], uint8_t last[static BOX_ID_BYTES], struct span uid)
{
	char digits[12];

	if (uid.n > 9 && strncasecmp((const char *)uid.p, "urn:uuid:", 9) == 0)
		uid = span_skip(uid, 9);
	if (uid.n != 36 || uid.p[8] != '-' || uid.p[13] != '-' || uid.p[14] != '8')
		return false;
	memcpy(digits, uid.p, 8);
	memcpy(digits + 8, uid.p + 9, 4);
	memset(first, 0, BOX_ID_BYTES);
	memset(last, 0xff, BOX_ID_BYTES);
	if (!hex_decode(first, 6, span_of(digits, sizeof digits)))
		return false;
	memcpy(last, first, 6);
	return true;
}

/* The item of this app, chosen, saved or here, whose UUIDv8 is @uid. */
static int
uuid8_of(struct buf *store, struct ids *ids, struct span uid, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;
	uint8_t first[BOX_ID_BYTES], last[BOX_ID_BYTES], item[BOX_ID_BYTES];
	int rc;

	if (!uuid8_range(first, last, uid))
		return BOX_ABSENT;
	if (query_init(&q, ids->b,
		       "SELECT item, native_id FROM shortcuts"
		       " WHERE app = ?1 AND item BETWEEN ?2 AND ?3"
		       " UNION ALL SELECT item, native_id FROM saved"
		       " WHERE item BETWEEN ?2 AND ?3 AND app = ?1"
		       " UNION ALL SELECT item, native_id FROM items"
		       " WHERE app = ?1 AND item BETWEEN ?2 AND ?3",
		       err) < 0)
		return -1;
	query_int(&q, 1, ids->app);
	query_blob(&q, 2, SPAN_ARRAY(first));
	query_blob(&q, 3, SPAN_ARRAY(last));
	while ((rc = query_step(&q, err)) == QUERY_ROW) {
		query_column_bytes(&q, 0, item, sizeof item);
		if (uuid8_is(uid, item))
			return buf_append(store, query_column_blob(&q, 1), err);
	}
	return rc < 0 ? -1 : BOX_ABSENT;
}

/* Is the item @native_id free to be this card: not here at all, lost, or of this source and not
 * taken yet? */
static int
exact_is_free(bool *is_free, struct ids *ids, struct span native_id, struct err *err)
{
	uint8_t item[BOX_ID_BYTES];
	int64_t source;

	keys_item_id(item, ids->b->identity.ids, span_str(ids->app_name), native_id);
	int rc = row_source(&source, ids, item, err);
	if (rc < 0)
		return -1;
	*is_free = !id_set_has(&ids->taken, item) &&
		   (rc == BOX_ABSENT || source == 0 || source == ids->source);
	return 0;
}

/* Does the UID stand for another native id? */
static int
exact_of(struct id_claim *out, struct buf *store, struct ids *ids, struct span uid, struct err *err)
{
	bool is_free;
	int rc = alias_of(store, ids, uid, err);

	if (rc == BOX_ABSENT)
		rc = uuid8_of(store, ids, uid, err);
	if (rc)
		return rc;
	if (exact_is_free(&is_free, ids, buf_span(store), err) < 0)
		return -1;
	if (!is_free)
		return BOX_ABSENT;
	out->base = buf_span(store);
	out->exact = true;
	return 0;
}

static int
content_base(struct id_claim *out, struct buf *store, const struct app_item *item, struct err *err)
{
	char hex[2 * APP_CONTENT_ID_BYTES + 1];

	hex_encode(hex, SPAN_ARRAY(item->content_id));
	if (buf_append_str(store, "h:", err) < 0 || buf_append_str(store, hex, err) < 0)
		return -1;
	*out = (struct id_claim){
		.base = buf_span(store),
		.by_content = true,
		.content_id = item->content_id,
		.name_id = item->name_id,
	};
	return 0;
}

int
id_claim_of(struct id_claim *out, struct buf *store, struct ids *ids, const struct app_item *item,
	    struct err *err)
{
	buf_reset(store);
	*out = (struct id_claim){ .base = item->uid };
	if (item->uid.n) {
		int rc = exact_of(out, store, ids, item->uid, err);
		return rc < 0 ? -1 : 0;
	}
	if (item->id_by_content)
		return content_base(out, store, item, err);
	out->base = span_str(item->place.source);
	return 0;
}
