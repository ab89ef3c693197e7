/* SPDX-License-Identifier: Apache-2.0 */
/* held_rows: see held_rows.h. */
#include "restore/held_rows.h"

#include <strings.h>

#include "base/array.h"
#include "base/bytes.h"
#include "box/shortcuts.h"

#define HELD_MAX        (1u << 20)
#define TEXT_BYTES      (16 << 10)
#define SHORT_ID_DIGITS 8 /* or more */

/* A value that was listed: an older row of the same is not told again. */
struct seen {
	uint8_t item[BOX_ID_BYTES];
	struct field_key key;
};

struct held_walk {
	struct box *box;
	const struct held_request *rq;
	held_row_fn *fn;
	void *ctx;
	struct seen *seen; /* owned */
	size_t n_seen, cap_seen;
};

static bool
is_meant(const char *item, const char *id, const struct kept *k)
{
	char digits[2 * BOX_ID_BYTES + 1];
	size_t n = item ? strlen(item) : 0;

	if (!item || !strcmp(item, id) || span_equal(span_str(item), k->name) ||
	    span_equal(span_str(item), k->native_id))
		return true;
	hex_encode(digits, SPAN_ARRAY(k->item));
	return n >= SHORT_ID_DIGITS && !strncmp(digits, item, n);
}

/* 1: it was there already. */
static int
see(struct held_walk *w, const struct kept *k, const struct field_key *key, struct err *err)
{
	for (size_t i = 0; i < w->n_seen; i++)
		if (memcmp(w->seen[i].item, k->item, BOX_ID_BYTES) == 0 &&
		    field_key_equal(&w->seen[i].key, key))
			return 1;
	if (array_reserve((void **)&w->seen, &w->cap_seen, w->n_seen + 1, sizeof *w->seen, HELD_MAX,
			  err) < 0)
		return -1;
	memcpy(w->seen[w->n_seen].item, k->item, BOX_ID_BYTES);
	w->seen[w->n_seen++].key = *key;
	return 0;
}

static int
open_held(struct buf *body, struct held *held, struct held_walk *w, const struct kept *k,
	  struct err *err)
{
	const struct account_keys *keys = w->rq->keys(w->rq->keys_ctx, k->epoch, err);

	if (!keys || kept_open(body, w->box, k, keys->psk, keys->aek, err) < 0)
		return -1;
	return held_decode(held, buf_span(body), err);
}

static bool
is_field(const char *typed, const struct kept *k)
{
	size_t n = typed ? strcspn(typed, "=") : 0;

	return !typed || (strlen(k->field) == n && strncasecmp(k->field, typed, n) == 0);
}

static bool
is_value(const char *typed, const struct held *held)
{
	const char *equals = typed ? strchr(typed, '=') : NULL;

	return !equals || span_equal(span_str(equals + 1), held->backup);
}

static int
walk_row(void *ctx, const struct kept *k, struct err *err)
{
	struct held_walk *w = ctx;
	AUTO(buf_clear) struct buf id = BUF_INIT(TEXT_BYTES);
	AUTO(buf_clear) struct buf body = BUF_INIT(ORIGINAL_BYTES_MAX);
	struct held held;
	struct held_row row = { .kept = k, .held = &held };
	int rc;

	if (!is_field(w->rq->field, k))
		return 0;
	if (item_show_id(&id, w->box, k->native_id, k->item, err) < 0)
		return -1;
	if (!is_meant(w->rq->item, buf_str(&id), k))
		return 0;
	if (open_held(&body, &held, w, k, err) < 0)
		return -1;
	if (!is_value(w->rq->field, &held))
		return 0;
	rc = see(w, k, &held.key, err);
	if (rc < 0)
		return -1;
	row.older = rc != 0;
	row.id = buf_str(&id);
	return w->fn(w->ctx, &row, err);
}

int
held_rows_each(struct box *b, const struct held_request *rq, held_row_fn *fn, void *ctx,
	       struct err *err)
{
	struct held_walk w = { .box = b, .rq = rq, .fn = fn, .ctx = ctx };
	struct kept_filter filter = { .kind = KEPT_HELD, .app = rq->app };
	int rc = kept_each(b, &filter, walk_row, &w, err);

	free(w.seen);
	return rc;
}
