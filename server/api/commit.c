/* SPDX-License-Identifier: Apache-2.0 */
/* commit: see commit.h and docs/formats/batch.md. */
#include "api/commit.h"

#include <stdlib.h>

#include "accounts/quota.h"
#include "api/server.h"
#include "catalog/state_store.h"

/* --- the answer --- */

struct heads {
	const struct batch_prefix *prefix;
	struct wire_batch_answer *answer;
};

static const struct device_head *
named_head(const struct batch_prefix *p, const struct id16 *device)
{
	for (uint16_t i = 0; i < p->n_heads; i++)
		if (id16_equal(&p->heads[i].device, device))
			return &p->heads[i];
	return NULL;
}

/* Another living device whose head is not the one that the batch names. */
static int
note_head(void *ctx, const struct catalog_device *d, struct err *err)
{
	struct heads *h = ctx;
	const struct device_head *named = named_head(h->prefix, &d->device);

	(void)err;
	if (d->state != DEVICE_ALIVE || id16_equal(&d->device, &h->prefix->header.device) ||
	    (named && named->seq == d->seq && hash32_equal(&named->head, &d->head)) ||
	    h->answer->n_heads == BATCH_HEADS_MAX)
		return 0;
	h->answer->heads[h->answer->n_heads++] = (struct device_head){ d->device, d->seq, d->head };
	return 0;
}

static int
fill_answer(struct catalog_tx *tx, struct commit *c, const struct catalog_account *a,
	    struct err *err)
{
	struct heads h = { &c->prefix, &c->answer };

	c->answer.seq = c->prefix.header.seq;
	c->answer.head = c->head;
	c->answer.server_unix_ms = (uint64_t)c->now_unix_ms;
	c->answer.log_length = a->log_length;
	c->answer.n_heads = 0;
	if (notices_read(&c->notices, tx, &a->account, &c->prefix.header.device, err) < 0)
		return -1;
	return tx->ops->devices(tx, &a->account, note_head, &h, err);
}

/* --- checking the prefix --- */

static int
check_log(struct catalog_tx *tx, const struct batch_header *h, const struct catalog_account *a,
	  struct problem *p, struct err *err)
{
	struct hash32 hash;
	int rc = 0;

	if (h->epoch != a->epoch) {
		refuse(p, PROBLEM_EPOCH);
		p->epoch = a->epoch;
		return REFUSED;
	}
	if (h->log_length && h->log_length <= a->log_length)
		rc = tx->ops->log_hash(tx, &a->account, h->log_length - 1, &hash, err);
	else
		rc = CATALOG_ABSENT;
	if (rc < 0 || (rc == 0 && hash32_equal(&hash, &h->log_head)))
		return rc;
	refuse(p, PROBLEM_LOG);
	p->length = a->log_length;
	p->head = a->log_head;
	return REFUSED;
}

static int
refuse_head(struct problem *p, const struct catalog_device *d)
{
	refuse(p, PROBLEM_HEAD);
	p->seq = d->seq;
	p->head = d->head;
	return REFUSED;
}

/* Whether the batch continues what is stored: one more, or, rejoining, from the lost seq on. */
static bool
continues(const struct batch_header *h, const struct catalog_device *d)
{
	if (!hash32_equal(&h->previous_head, &d->head) || h->seq > COMMIT_SEQ_MAX)
		return false;
	if (h->kind == BATCH_REJOIN)
		return h->seq > d->seq && h->seq == h->lost_seq + 1;
	return h->seq == d->seq + 1;
}

static int
check_place(struct catalog_tx *tx, struct commit *c, const struct catalog_account *a,
	    const struct catalog_device *d, struct problem *p, struct err *err)
{
	const struct batch_header *h = &c->prefix.header;
	struct catalog_batch stored;
	int rc = CATALOG_ABSENT;

	if (h->seq <= d->seq)
		rc = tx->ops->batch_get(tx, &stored, d->row, h->seq, err);
	if (rc < 0)
		return -1;
	if (rc == 0 && hash32_equal(&stored.head, &c->head))
		return fill_answer(tx, c, a, err) < 0 ? -1 : COMMIT_STORED;
	/* The place first: who rejoins a server that was set back must learn that it was. */
	return continues(h, d) ? check_log(tx, h, a, p, err) : refuse_head(p, d);
}

static int
check(struct catalog_tx *tx, struct commit *c, bool verify, struct catalog_account *a,
      struct catalog_device *d, struct problem *p, struct err *err)
{
	const struct batch_header *h = &c->prefix.header;
	int rc = tx->ops->account_get(tx, a, &h->account, err);

	if (rc)
		return rc < 0 ? -1 : refuse(p, PROBLEM_ACCOUNT);
	rc = tx->ops->device_get(tx, d, &h->account, &h->device, err);
	if (rc)
		return rc < 0 ? -1 : refuse(p, PROBLEM_DEVICE);
	/* The signature first: the states are told only to who has the key. */
	if (verify && batch_verify(&c->prefix, d->key, err) < 0)
		return err->code == ERR_AUTH ? refuse(p, PROBLEM_SIGNATURE) : -1;
	if (verify && batch_head(&c->head, &c->prefix, err) < 0)
		return -1;
	rc = gate_account(tx, &h->account, a, p, err);
	if (rc == 0)
		rc = gate_device(tx, &h->account, &h->device, d, p, err);
	return rc ? rc : check_place(tx, c, a, d, p, err);
}

int
commit_check(struct catalog_tx *tx, struct commit *c, bool verify, struct problem *p,
	     struct err *err)
{
	struct catalog_account a;
	struct catalog_device d;

	return check(tx, c, verify, &a, &d, p, err);
}

/* --- storing --- */

/* One transaction under way. */
struct storing {
	struct catalog_tx *tx;
	struct commit *c;
	struct problem *problem;
	struct catalog_account account;
	struct catalog_device device;
	struct catalog_batch batch;
	uint64_t live_before;
	struct id16 folder; /* the last one that was looked up */
	int64_t folder_row; /* 0: none yet */
	struct id16 *items; /* touched; one for each record */
};

static int
find_folder(struct storing *s, const struct id16 *folder, struct err *err)
{
	const struct catalog_ops *ops = s->tx->ops;
	uint64_t n;

	if (s->folder_row && id16_equal(&s->folder, folder))
		return 0;
	s->folder = *folder;
	int rc = ops->folder_row(s->tx, s->device.row, folder, &s->folder_row, err);
	if (rc != CATALOG_ABSENT)
		return rc;
	if (ops->n_folders(s->tx, s->device.row, &n, err) < 0)
		return -1;
	if (n >= COMMIT_FOLDERS_MAX)
		return refuse_because(s->problem, PROBLEM_RECORDS,
				      "a device has at most %d folders", COMMIT_FOLDERS_MAX);
	return ops->folder_add(s->tx, s->device.row, folder, &s->folder_row, err);
}

static void
note_missing(struct storing *s, const struct hash32 *cid)
{
	struct problem *p = s->problem;

	if (p->word != PROBLEM_MISSING_CHUNKS)
		refuse(p, PROBLEM_MISSING_CHUNKS);
	if (p->n_cids < PROBLEM_CIDS_MAX)
		p->cids[p->n_cids++] = *cid;
}

/* A chunk that is there and needed now. */
static int
use_chunk(struct storing *s, int64_t owner_row, struct catalog_chunk *chunk, struct err *err)
{
	int64_t now = s->tx->ops->clock(s->tx);

	if (chunk->committed && now - chunk->wanted_ms < CHUNK_WANTED_STEP_MS)
		return 0;
	if (!chunk->committed && s->account.uncommitted_bytes >= chunk->object.size)
		s->account.uncommitted_bytes -= chunk->object.size;
	chunk->committed = true;
	if (chunk->wanted_ms < now) /* a crash may have set the clock back a little */
		chunk->wanted_ms = now;
	return s->tx->ops->chunk_put(s->tx, owner_row, chunk, err);
}

static int
store_refs(struct storing *s, const struct record_frame *f, uint32_t i, struct err *err)
{
	struct catalog_chunk chunk;
	int64_t owner_row;

	for (struct span left = f->refs; left.n; left = span_skip(left, CRYPTO_HASH_BYTES)) {
		struct hash32 cid;
		memcpy(cid.b, left.p, sizeof cid.b);
		int rc = chunk_find(s->tx, &s->device, &cid, &chunk, &owner_row, err);
		if (rc < 0)
			return -1;
		if (rc == CATALOG_ABSENT)
			note_missing(s, &cid);
		else if (use_chunk(s, owner_row, &chunk, err) < 0 ||
			 s->tx->ops->ref_add(s->tx, owner_row, &cid, &s->batch, i, err) < 0)
			return -1;
	}
	return 0;
}

/* Count the item's new version and say where it stands now. */
static int
advance_item(struct storing *s, struct catalog_version *v, struct err *err)
{
	struct catalog_item item = { .folder = v->folder, .item = v->item };
	bool live = !(v->flags & RECORD_TOMBSTONE);
	int rc = s->tx->ops->item_get(s->tx, &item, s->device.row, s->folder_row, &v->item, err);

	if (rc < 0)
		return -1;
	if (item.versions == UINT32_MAX)
		return refuse_because(s->problem, PROBLEM_RECORDS, "an item has too many versions");
	if (item.versions && !(item.flags & RECORD_TOMBSTONE) &&
	    s->tx->ops->record_end(s->tx, s->device.row, item.seq, item.index, err) < 0)
		return -1;
	s->device.live += live && !item.live;
	s->device.live -= !live && item.live;
	v->version = ++item.versions;
	item.live = live;
	item.seq = v->seq;
	item.index = v->index;
	item.flags = v->flags;
	item.leaf = v->leaf;
	item.ciphertext_bytes = v->ciphertext_bytes;
	return s->tx->ops->item_put(s->tx, s->device.row, s->folder_row, &item, err);
}

static int
store_record(struct storing *s, uint32_t i, struct err *err)
{
	const struct commit_record *r = &s->c->records[i];
	struct span bytes = span_of(s->c->frames.p + r->at, r->n);
	struct record_frame f;
	size_t n;

	if (record_frame_decode(&f, bytes, &n, err) != 0)
		return err_set(err, ERR_INTERNAL, "a record that was checked does not decode");
	struct catalog_version v = {
		.folder = f.folder,
		.item = f.item,
		.seq = s->batch.seq,
		.index = i,
		.flags = f.flags,
		.leaf = r->leaf,
		.ciphertext_bytes = (uint32_t)f.ciphertext.n,
	};
	s->items[i] = f.item;
	int rc = find_folder(s, &f.folder, err);
	if (rc == 0)
		rc = advance_item(s, &v, err);
	if (rc == 0)
		rc = s->tx->ops->record_add(s->tx, &s->batch, s->folder_row, &v, bytes, err);
	if (rc == 0 && f.flags & RECORD_TOMBSTONE)
		rc = s->tx->ops->record_end(s->tx, s->device.row, v.seq, i, err);
	return rc ? rc : store_refs(s, &f, i, err);
}

static int
store_records(struct storing *s, struct err *err)
{
	uint32_t n = s->c->prefix.n_records;
	int rc = 0;

	s->batch = (struct catalog_batch){
		.seq = s->c->prefix.header.seq,
		.head = s->c->head,
		.n = n,
		.received_unix_ms = s->c->now_unix_ms,
		.from_ms = s->tx->ops->clock(s->tx),
	};
	if (s->tx->ops->batch_add(s->tx, s->device.row, &s->batch, s->c->prefix_bytes, err) < 0)
		return -1;
	s->problem->word = PROBLEM_N_WORDS; /* none yet */
	for (uint32_t i = 0; i < n && rc == 0; i++)
		rc = store_record(s, i, err);
	if (rc == 0 && s->problem->word == PROBLEM_MISSING_CHUNKS)
		return REFUSED;
	return rc;
}

static int
check_state_root(struct storing *s, struct err *err)
{
	struct catalog_state state;
	struct hash32 root;

	catalog_state_init(&state, s->tx, s->device.row);
	if (state_update(&root, &state.store, s->items, s->c->prefix.n_records, s->live_before,
			 s->device.live, err) < 0) {
		if (err->code == ERR_LIMIT)
			return refuse_because(s->problem, PROBLEM_RECORDS, "%s", err->msg);
		return -1;
	}
	if (hash32_equal(&root, &s->c->prefix.state_root))
		return 0;
	return refuse_because(s->problem, PROBLEM_ROOT, "the state root differs");
}

static int
count_bytes(struct storing *s)
{
	return quota_take(&s->account, &s->device, s->c->prefix_bytes.n + s->c->frames.n,
			  s->c->now_unix_ms, s->problem);
}

static int
settle_rows(struct storing *s, struct err *err)
{
	struct catalog_device *d = &s->device;

	d->seq = s->batch.seq;
	d->head = s->batch.head;
	d->client_unix_ms = (int64_t)s->c->prefix.header.client_unix_ms;
	device_came(s->tx, d, s->c->now_unix_ms);
	if (s->tx->ops->device_put(s->tx, d, err) < 0 ||
	    s->tx->ops->account_put(s->tx, &s->account, err) < 0)
		return -1;
	return fill_answer(s->tx, s->c, &s->account, err);
}

int
commit_apply(struct catalog_tx *tx, struct commit *c, struct problem *p, struct err *err)
{
	struct storing s = { .tx = tx, .c = c, .problem = p };
	int rc = check(tx, c, false, &s.account, &s.device, p, err);

	if (rc)
		return rc;
	s.live_before = s.device.live;
	s.items = calloc(c->prefix.n_records + 1u, sizeof *s.items);
	if (!s.items)
		return err_nomem(err);
	rc = count_bytes(&s);
	if (rc == 0)
		rc = store_records(&s, err);
	if (rc == 0)
		rc = check_state_root(&s, err);
	free(s.items);
	return rc ? rc : settle_rows(&s, err);
}
