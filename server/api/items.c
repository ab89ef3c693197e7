/* SPDX-License-Identifier: Apache-2.0 */
/*
 * api: GET /v1/devices/DEVICE/items and …/versions: what a device has saved, as a list.
 *
 * A list is read by a worker in one view of the catalog, so it is that of one batch, whatever is
 * committed meanwhile.
 */
#include <stdlib.h>

#include "api/server.h"
#include "api/spool.h"

struct listing {
	struct work work; /* first */
	struct exchange *x;
	struct session session;
	rule_fn *rule;
	struct id16 folder, item;
	bool one_item;
	uint64_t n; /* entries, counted before they are written */
	struct spool spool;
};

static int
append_entry(struct listing *l, const struct wire_item *e, struct err *err)
{
	if (spool_reserve(&l->spool, WIRE_ITEM_ENTRY_BYTES, err) < 0)
		return -1;
	return wire_item_encode(&l->spool.memory, e, err);
}

/* The device that is asked about. */
static int
find_device(struct catalog_tx *tx, struct listing *l, struct catalog_device *d, struct problem *p,
	    struct err *err)
{
	struct catalog_account a;
	int rc = gate_session(tx, &l->session, &a, d, p, err);

	return rc ? rc : gate_data_of(tx, &l->session, &l->x->path_id, d, p, err);
}

static int
append_item(void *ctx, const struct catalog_item *i, struct err *err)
{
	const struct wire_item e = {
		.folder = i->folder,
		.item = i->item,
		.version = i->versions,
		.seq = i->seq,
		.index = i->index,
		.flags = i->flags,
		.leaf = i->leaf,
		.cipher_bytes = i->ciphertext_bytes,
	};

	return i->live ? append_entry(ctx, &e, err) : 0;
}

static int
count_item(void *ctx, const struct catalog_item *i, struct err *err)
{
	struct listing *l = ctx;

	(void)err;
	l->n += i->live;
	return 0;
}

/* N is counted, not taken from the device's row: a list that lacks an item is then whole in itself,
 * and does not fit the signed state root. */
static int
items_rule(struct catalog_tx *tx, void *ctx, struct problem *p, struct err *err)
{
	static const struct id16 first = { { 0 } };
	struct listing *l = ctx;
	AUTO(buf_clear) struct buf prefix = BUF_INIT(BATCH_PREFIX_BYTES_MAX);
	struct catalog_device d;
	struct id16 last;
	int rc = find_device(tx, l, &d, p, err);

	if (rc)
		return rc;
	memset(last.b, 0xff, sizeof last.b);
	if (newest_prefix(tx, &d, &prefix, err) < 0)
		return -1;
	if (tx->ops->items(tx, d.row, &first, &last, count_item, l, err) < 0 ||
	    spool_reserve(&l->spool, 4 + prefix.n + 8, err) < 0 ||
	    wire_items_begin(&l->spool.memory, buf_span(&prefix), l->n, err) < 0)
		return -1;
	return tx->ops->items(tx, d.row, &first, &last, append_item, l, err);
}

static int
count_version(void *ctx, const struct catalog_version *v, struct err *err)
{
	struct listing *l = ctx;

	(void)v;
	(void)err;
	l->n++;
	return 0;
}

static int
append_version(void *ctx, const struct catalog_version *v, struct err *err)
{
	const struct wire_item e = {
		.folder = v->folder,
		.item = v->item,
		.version = v->version,
		.seq = v->seq,
		.index = v->index,
		.flags = v->flags,
		.leaf = v->leaf,
		.cipher_bytes = v->ciphertext_bytes,
	};

	return append_entry(ctx, &e, err);
}

static int
versions_rule(struct catalog_tx *tx, void *ctx, struct problem *p, struct err *err)
{
	struct listing *l = ctx;
	const struct id16 *item = l->one_item ? &l->item : NULL;
	struct catalog_device d;
	int64_t folder = 0;
	int rc = find_device(tx, l, &d, p, err);

	if (rc)
		return rc;
	rc = tx->ops->folder_row(tx, d.row, &l->folder, &folder, err);
	if (rc < 0)
		return -1;
	bool there = rc == 0;
	if (there && tx->ops->versions(tx, d.row, folder, item, count_version, l, err) < 0)
		return -1;
	if (spool_reserve(&l->spool, 8, err) < 0 ||
	    wire_versions_begin(&l->spool.memory, l->n, err) < 0)
		return -1;
	return there ? tx->ops->versions(tx, d.row, folder, item, append_version, l, err) : 0;
}

static void
list(struct work *w)
{
	struct listing *l = (struct listing *)w;
	struct exchange *x = l->x;

	if (api_read(x, l->rule, l))
		spool_answer(&l->spool, x);
	http_resume(x);
}

static struct listing *
listing_new(struct exchange *x, rule_fn *rule)
{
	struct listing *l = x->state = calloc(1, sizeof *l);

	if (!l) {
		http_refuse(x, PROBLEM_BUSY);
		return NULL;
	}
	spool_init(&l->spool, server_of(x)->data_fd);
	l->work.run = list;
	l->x = x;
	l->rule = rule;
	return api_session(x, SCOPE_PUT | SCOPE_GET, &l->session) ? l : NULL;
}

static void
submit(struct listing *l)
{
	http_wait(l->x);
	workers_submit(server_of(l->x)->workers, &l->work);
}

void
items_end(struct exchange *x)
{
	struct listing *l = listing_new(x, items_rule);

	if (l)
		submit(l);
}

void
versions_end(struct exchange *x)
{
	const char *folder = http_query(x, "folder"), *item = http_query(x, "item");
	struct listing *l = listing_new(x, versions_rule);

	if (!l)
		return;
	l->one_item = item;
	if (!folder || !id16_from_hex(&l->folder, span_str(folder)) ||
	    (item && !id16_from_hex(&l->item, span_str(item))))
		http_refuse(x, PROBLEM_MALFORMED);
	else
		submit(l);
}

void
listing_drop(struct exchange *x)
{
	struct listing *l = x->state;

	if (l)
		spool_clear(&l->spool);
	free(l);
}
