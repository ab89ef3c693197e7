/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check: see check.h.
 *
 * Each batch, each page of chunks, each state tree is read in a view of its own, so that the log of
 * the database can be reset meanwhile; objects are read outside of any.
 */
#include "upkeep/check.h"

#include <stdlib.h>

#include "base/text.h"
#include "catalog/state_store.h"
#include "format/batch.h"
#include "format/log.h"
#include "upkeep/ids.h"

#define CHUNKS_PAGE 64

struct check {
	struct catalog *catalog;
	struct blobs *blobs;
	enum check_what what;
	const _Atomic bool *stop;
	uint64_t checked;
	check_damage_fn *fn;
	void *ctx;

	/* Where we are. */
	struct catalog_account account;
	struct catalog_device device;
	uint64_t seq;
};

static int
go_on(const struct check *c, struct err *err)
{
	return c->stop && *c->stop ? err_set(err, ERR_CANCELLED, "the check was stopped") : 0;
}

static int
damaged(struct check *c, uint64_t seq, const struct blob_name *object, const char *reason,
	struct err *err)
{
	struct check_damage d = {
		.account = c->account.account,
		.device = c->device.device,
		.seq = seq,
		.reason = reason,
	};

	if (object)
		blob_name_text(d.object, object);
	return c->fn(c->ctx, &d, err);
}

/* Whether the database could not give a row because it is damaged there, not because it could not
 * work at all. */
static bool
is_damage(const struct err *err)
{
	return err->code == ERR_FORMAT || err->code == ERR_AUTH || err->code == ERR_UNSUPPORTED;
}

/* --- account log --- */

static int
replay(void *ctx, uint64_t index, struct span entry, struct err *err)
{
	struct log_state *log = ctx;

	if (index != log->length)
		return err_set(err, ERR_FORMAT, "an entry of the log is gone");
	return log_state_apply(log, entry, err);
}

static int
check_log(struct catalog_tx *tx, void *ctx, struct err *err)
{
	struct check *c = ctx;
	AUTO(log_state_clear) struct log_state log;

	log_state_init(&log, &c->account.account);
	c->checked++;
	if (tx->ops->account_get(tx, &c->account, &c->account.account, err) != 0)
		return damaged(c, 0, NULL, _("the account is gone"), err);
	int rc = tx->ops->log_read(tx, &c->account.account, 0, replay, &log, err);
	if (rc < 0 && err->code == ERR_NOMEM)
		return -1;
	if (rc < 0)
		return damaged(c, 0, NULL, _("the account log is damaged"), err);
	if (log.length != c->account.log_length || !hash32_equal(&log.head, &c->account.log_head))
		return damaged(c, 0, NULL, _("the account log is not complete"), err);
	return 0;
}

/* --- batches --- */

struct batch_check {
	struct check *check;
	struct catalog_tx *tx;
	struct catalog_batch batch;
	struct merkle leaves;
	struct buf frame;
	bool leaf_missing;
};

struct marking_record {
	int64_t device_row;
	uint64_t seq;
	uint32_t index;
};

static int
mark_record(struct catalog_tx *tx, void *ctx, struct err *err)
{
	const struct marking_record *m = ctx;

	return tx->ops->record_damaged(tx, m->device_row, m->seq, m->index, err);
}

/* Name it, and keep it in mind for its device, which will send the item anew. */
static int
damaged_record(struct batch_check *b, uint32_t index, const char *reason, struct err *err)
{
	struct check *c = b->check;
	struct marking_record m = { c->device.row, b->batch.seq, index };

	if (catalog_write(c->catalog, mark_record, &m, err) < 0)
		return -1;
	return damaged(c, b->batch.seq, NULL, reason, err);
}

/* A record against its leaf. */
static int
check_record(struct batch_check *b, uint32_t index, const struct hash32 *stored, struct err *err)
{
	struct check *c = b->check;
	struct catalog_version v;
	struct record_frame f;
	struct hash32 leaf;
	size_t n;

	buf_reset(&b->frame);
	int rc = b->tx->ops->record_get(b->tx, c->device.row, b->batch.seq, index, &v, &b->frame,
					err);
	if (rc == CATALOG_ABSENT)
		return 0; /* cleared; its leaf stays */
	c->checked++;
	if (rc < 0)
		return is_damage(err) ? damaged_record(b, index, _("a record cannot be read"), err)
				      : -1;
	if (record_frame_decode(&f, buf_span(&b->frame), &n, err) != 0 || n != b->frame.n)
		return damaged_record(b, index, _("a record is not well formed"), err);
	record_leaf(&leaf, index, &f);
	if (!hash32_equal(&leaf, stored) || !hash32_equal(&leaf, &v.leaf) ||
	    !id16_equal(&f.folder, &v.folder) || !id16_equal(&f.item, &v.item))
		return damaged_record(b, index, _("a record was changed"), err);
	return 0;
}

static int
check_leaf(void *ctx, uint64_t index, struct span leaf, struct err *err)
{
	struct batch_check *b = ctx;
	struct hash32 stored;

	if (index != b->leaves.n || leaf.n != sizeof stored.b) {
		b->leaf_missing = true;
		return 0;
	}
	memcpy(stored.b, leaf.p, leaf.n);
	merkle_add(&b->leaves, &stored);
	return check_record(b, (uint32_t)index, &stored, err);
}

/* What the device signed: the prefix, its head, and the root of the records. */
static int
check_prefix(struct batch_check *b, struct batch_prefix *prefix, struct err *err)
{
	AUTO(buf_clear) struct buf bytes = BUF_INIT(BATCH_PREFIX_BYTES_MAX);
	struct check *c = b->check;
	struct hash32 head;
	size_t n;

	c->checked++;
	int rc = b->tx->ops->batch_prefix(b->tx, c->device.row, b->batch.seq, &bytes, err);
	if (rc < 0 && !is_damage(err))
		return -1;
	if (rc != 0 || batch_prefix_decode(prefix, buf_span(&bytes), &n, err) != 0 ||
	    n != bytes.n || prefix->header.seq != b->batch.seq || prefix->n_records != b->batch.n)
		return damaged(c, b->batch.seq, NULL, _("a batch is not well formed"), err);
	if (batch_verify(prefix, c->device.key, err) < 0)
		return !is_damage(err) ? -1
				       : damaged(c, b->batch.seq, NULL,
						 _("the signature of a batch does not fit"), err);
	if (batch_head(&head, prefix, err) < 0)
		return -1;
	if (!hash32_equal(&head, &b->batch.head))
		return damaged(c, b->batch.seq, NULL, _("the head of a batch does not fit"), err);
	return 0;
}

static int
check_batch(struct check *c, struct catalog_tx *tx, const struct catalog_batch *batch,
	    struct err *err)
{
	struct batch_check b = {
		.check = c,
		.tx = tx,
		.batch = *batch,
		.frame = BUF_INIT(RECORD_FRAME_BYTES_MAX),
	};
	struct batch_prefix prefix = { 0 };
	struct hash32 root;
	int rc;

	merkle_init(&b.leaves);
	rc = check_prefix(&b, &prefix, err);
	if (rc == 0)
		rc = tx->ops->record_leaves(tx, batch, check_leaf, &b, err);
	buf_clear(&b.frame);
	if (rc)
		return rc;
	if (b.leaf_missing || b.leaves.n != batch->n)
		return damaged(c, batch->seq, NULL, _("records of a batch are gone"), err);
	merkle_root(&root, &b.leaves);
	if (!hash32_equal(&root, &prefix.records_root))
		return damaged(c, batch->seq, NULL, _("the records root of a batch does not fit"),
			       err);
	return 0;
}

static int
take_batch(void *ctx, const struct catalog_batch *b, struct err *err)
{
	(void)err;
	*(struct catalog_batch *)ctx = *b;
	return 1; /* one will do */
}

#define NO_MORE 1

/* The next batch from c->seq on. */
static int
check_next_batch(struct catalog_tx *tx, void *ctx, struct err *err)
{
	struct check *c = ctx;
	struct catalog_batch b;
	int rc = go_on(c, err);

	if (rc == 0)
		rc = tx->ops->batches(tx, c->device.row, c->seq, take_batch, &b, err);
	if (rc <= 0)
		return rc < 0 ? -1 : NO_MORE;
	c->seq = b.seq + 1;
	return check_batch(c, tx, &b, err);
}

/* --- state --- */

static int
forget_node(void *ctx, unsigned level, uint32_t index, const struct hash32 *node, struct err *err)
{
	(void)ctx;
	(void)level;
	(void)index;
	(void)node;
	(void)err;
	return 0;
}

static int
forget_nodes(void *ctx, struct err *err)
{
	(void)ctx;
	(void)err;
	return 0;
}

/* The tree built anew from the items, against the root in the newest batch.  Nothing is written. */
static int
check_state(struct catalog_tx *tx, void *ctx, struct err *err)
{
	struct check *c = ctx;
	AUTO(buf_clear) struct buf bytes = BUF_INIT(BATCH_PREFIX_BYTES_MAX);
	struct batch_prefix prefix;
	struct catalog_state state;
	struct hash32 root;
	size_t n;

	if (tx->ops->device_get(tx, &c->device, &c->account.account, &c->device.device, err) != 0)
		return -1;
	if (c->device.seq == 0)
		return 0;
	c->checked++;
	if (tx->ops->batch_prefix(tx, c->device.row, c->device.seq, &bytes, err) != 0 ||
	    batch_prefix_decode(&prefix, buf_span(&bytes), &n, err) != 0)
		return damaged(c, c->device.seq, NULL, _("the newest batch is gone"), err);
	catalog_state_init(&state, tx, c->device.row);
	state.store.put = forget_node;
	state.store.clear = forget_nodes;
	if (state_rebuild(&root, &state.store, c->device.live, err) < 0)
		return err->code == ERR_NOMEM ? -1
					      : damaged(c, c->device.seq, NULL,
							_("the list of items is damaged"), err);
	if (!hash32_equal(&root, &prefix.state_root))
		return damaged(c, c->device.seq, NULL, _("the list of items does not fit"), err);
	return 0;
}

/* --- chunks --- */

struct page {
	struct check *check;
	struct hash32 after;
	bool begun;
	size_t n;
	struct catalog_chunk chunks[CHUNKS_PAGE];
};

static int
take_chunk(void *ctx, const struct catalog_chunk *chunk, struct err *err)
{
	struct page *p = ctx;

	(void)err;
	p->chunks[p->n++] = *chunk;
	return p->n == CHUNKS_PAGE;
}

static int
read_page(struct catalog_tx *tx, void *ctx, struct err *err)
{
	struct page *p = ctx;

	p->n = 0;
	int rc = tx->ops->chunks(tx, p->check->device.row, p->begun ? &p->after : NULL, take_chunk,
				 p, err);
	return rc < 0 ? -1 : 0;
}

struct marking {
	int64_t device_row;
	struct catalog_chunk chunk;
	bool damaged;
	bool moved; /* out: the row names another object now, or is gone */
};

static int
mark(struct catalog_tx *tx, void *ctx, struct err *err)
{
	struct marking *m = ctx;
	int rc = catalog_mark_chunk(tx, m->device_row, &m->chunk, m->damaged, err);

	m->moved = rc == CATALOG_ABSENT;
	return rc < 0 ? -1 : 0;
}

static int
check_chunk(struct check *c, const struct catalog_chunk *chunk, struct err *err)
{
	const struct blob_name *name = &chunk->object.name;
	int rc = BLOB_DAMAGED;

	if (go_on(c, err) < 0)
		return -1;
	c->checked++;
	if (!chunk->damaged || c->what == CHECK_ALL) {
		struct marking m = { .device_row = c->device.row, .chunk = *chunk };
		rc = blobs_verify(c->blobs, &chunk->object, err);
		if (rc < 0)
			return -1;
		m.damaged = rc != 0;
		if (m.damaged != chunk->damaged && catalog_write(c->catalog, mark, &m, err) < 0)
			return -1;
		if (m.moved)
			return 0;
	}
	if (rc == BLOB_ABSENT)
		return damaged(c, 0, name, _("an object is gone"), err);
	return rc ? damaged(c, 0, name, _("an object was changed"), err) : 0;
}

static int
check_chunks(struct check *c, struct err *err)
{
	AUTO(free) struct page *p = calloc(1, sizeof *p);

	if (!p)
		return err_nomem(err);
	p->check = c;
	do {
		if (catalog_read(c->catalog, read_page, p, err) < 0)
			return -1;
		for (size_t i = 0; i < p->n; i++)
			if (check_chunk(c, &p->chunks[i], err) < 0)
				return -1;
		if (p->n)
			p->after = p->chunks[p->n - 1].cid;
		p->begun = true;
	} while (p->n == CHUNKS_PAGE);
	return 0;
}

/* --- all of it --- */

static int
check_device(struct check *c, const struct id16 *device, struct err *err)
{
	int rc;

	c->device = (struct catalog_device){ .device = *device };
	c->seq = 0;
	if (catalog_read(c->catalog, check_state, c, err) < 0)
		return -1;
	while ((rc = catalog_read(c->catalog, check_next_batch, c, err)) == 0)
		;
	return rc < 0 ? -1 : c->what == CHECK_ROWS ? 0 : check_chunks(c, err);
}

static int
check_account(struct check *c, const struct id16 *account, struct err *err)
{
	struct ids devices = { .account = account };
	int rc;

	c->account = (struct catalog_account){ .account = *account };
	c->device = (struct catalog_device){ 0 };
	rc = catalog_read(c->catalog, check_log, c, err);
	if (rc == 0)
		rc = catalog_read(c->catalog, ids_of_devices, &devices, err);
	for (size_t i = 0; i < devices.n && rc == 0; i++)
		rc = check_device(c, &devices.at[i], err);
	free(devices.at);
	return rc;
}

int
check_object(struct catalog *catalog, struct blobs *blobs, const struct catalog_located *l,
	     check_damage_fn *fn, void *ctx, struct err *err)
{
	struct check c = {
		.catalog = catalog,
		.blobs = blobs,
		.fn = fn,
		.ctx = ctx,
		.account = { .account = l->account },
		.device = { .row = l->device_row, .device = l->device },
	};

	/* One that was found and told before waits for its device. */
	return l->chunk.damaged ? 0 : check_chunk(&c, &l->chunk, err);
}

int
check_run(struct catalog *catalog, struct blobs *blobs, enum check_what what,
	  const _Atomic bool *stop, uint64_t *checked, check_damage_fn *fn, void *ctx,
	  struct err *err)
{
	struct check c = {
		.catalog = catalog,
		.blobs = blobs,
		.what = what,
		.stop = stop,
		.fn = fn,
		.ctx = ctx,
	};
	struct ids accounts = { 0 };
	int rc = catalog_read(catalog, ids_of_accounts, &accounts, err);

	for (size_t i = 0; i < accounts.n && rc == 0; i++)
		rc = check_account(&c, &accounts.at[i], err);
	free(accounts.at);
	*checked = c.checked;
	return rc;
}
