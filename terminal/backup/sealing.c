/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sealing: from prepared items to a batch in the journal.
 *
 *     header with a fresh E -> records sealed, leaves -> the journal's transaction: changes, state
 *     root -> prefix signed -> durable -> read back, every record opened again as a check
 *
 * Nothing is signed or sent that this check has not passed; where it fails the batch is dropped.
 */
#include <stdlib.h>
#include <string.h>

#include "backup/backup_internal.h"
#include "base/array.h"
#include "crypto/seal.h"
#include "os/os.h"

/* A batch in the making. */
struct making {
	struct run *r;
	struct batch_prefix prefix;
	struct seal *seal;
	struct merkle records;
	struct buf bytes;   /* room for the prefix, then the frames */
	struct id16 *items; /* whose versions change */
	size_t n_items, cap_items;
};

static void
making_clear(struct making *m)
{
	seal_free(m->seal);
	buf_clear(&m->bytes);
	free(m->items);
}
AUTO_OBJ(making_clear, struct making);

static int
fill_heads(struct batch_prefix *p, struct box *box, struct err *err)
{
	struct identity_device heads[IDENTITY_DEVICES_MAX];
	size_t n;

	if (identity_heads(heads, &n, box, err) < 0)
		return -1;
	for (size_t i = 0; i < n && p->n_heads < BATCH_HEADS_MAX; i++) {
		struct device_head *h = &p->heads[p->n_heads];

		memcpy(h->device.b, heads[i].device, sizeof h->device.b);
		if (id16_equal(&h->device, &p->header.device))
			continue;
		h->seq = heads[i].seq;
		memcpy(h->head.b, heads[i].head, sizeof h->head.b);
		p->n_heads++;
	}
	return 0;
}

static int
begin(struct making *m, struct err *err)
{
	const struct identity *me = m->r->me;
	struct batch_header *h = &m->prefix.header;
	uint8_t header[BATCH_HEADER_BYTES];
	uint8_t *room;

	h->kind = BATCH_BACKUP;
	h->account = m->r->account;
	h->device = m->r->device;
	h->epoch = me->keys.epoch;
	h->seq = me->acked_seq + 1;
	memcpy(h->previous_head.b, me->acked_head, sizeof h->previous_head.b);
	h->log_length = me->log_length;
	memcpy(h->log_head.b, me->log_head, sizeof h->log_head.b);
	h->client_unix_ms = (uint64_t)os->now_unix_ms();
	if (fill_heads(&m->prefix, m->r->box, err) < 0 ||
	    seal_new(&m->seal, me->keys.psk, me->keys.aek_public, err) < 0)
		return -1;
	memcpy(h->e_public, seal_e_public(m->seal), sizeof h->e_public);
	batch_header_encode(header, h);
	if (seal_start(m->seal, SPAN_ARRAY(header), err) < 0)
		return -1;
	merkle_init(&m->records);
	if (buf_reserve(&m->bytes, m->r->group.frame_bytes + batch_prefix_bytes(&m->prefix), err) <
	    0)
		return -1;
	return buf_extend(&m->bytes, batch_prefix_bytes(&m->prefix), &room, err);
}

static struct record_frame
frame_of(const struct prepared *p)
{
	return (struct record_frame){
		.folder = p->folder,
		.item = p->item,
		.flags = p->tombstone ? RECORD_TOMBSTONE : 0,
		.refs = buf_span(&p->refs),
	};
}

static int
seal_one(struct making *m, struct prepared *p, struct err *err)
{
	AUTO(buf_clear) struct buf aad = BUF_INIT(CRYPTO_HASH_BYTES * RECORD_REFS_MAX + 4096);
	AUTO(buf_clear) struct buf cipher = BUF_INIT(RECORD_CIPHER_BYTES_MAX);
	struct record_frame frame = frame_of(p);
	size_t before = m->bytes.n;

	p->index = m->records.n;
	if (record_aad(&aad, p->index, &frame, err) < 0 ||
	    seal_record(m->seal, &cipher, buf_span(&p->plain), buf_span(&aad), err) < 0)
		return -1;
	frame.ciphertext = buf_span(&cipher);
	record_leaf(&p->leaf, p->index, &frame);
	merkle_add(&m->records, &p->leaf);
	if (record_frame_append(&m->bytes, &frame, err) < 0)
		return -1;
	p->frame_bytes = (uint32_t)(m->bytes.n - before);
	if (array_reserve((void **)&m->items, &m->cap_items, m->n_items + 1, sizeof *m->items,
			  BATCH_RECORDS_MAX, err) < 0)
		return -1;
	m->items[m->n_items++] = p->item;
	return 0;
}

static int
add_change(struct making *m, const struct prepared *p, struct err *err)
{
	struct journal_change c = {
		.tombstone = p->tombstone,
		.saved = {
			.app = p->app,
			.native_id = buf_span(&p->native_id),
			.seq = m->prefix.header.seq,
			.index = p->index,
			.size = p->size,
			.sealed_bytes = p->frame_bytes + p->object_bytes,
			.chunks = buf_span(&p->entries_bytes),
			.chunk_class = p->chunk_class,
		},
	};

	memcpy(c.saved.item, p->item.b, sizeof c.saved.item);
	memcpy(c.saved.folder, p->folder.b, sizeof c.saved.folder);
	memcpy(c.saved.leaf, p->leaf.b, sizeof c.saved.leaf);
	memcpy(c.saved.content, p->content, sizeof c.saved.content);
	if (run_note_content(m->r, p, err) < 0)
		return -1;
	return journal_add_change(m->r->box, &c, err);
}

static int
compute_state_root(struct making *m, struct err *err)
{
	struct state_store store;
	uint64_t n_before, n_after;

	journal_store(&store, m->r->box);
	if (journal_counts(&n_before, &n_after, m->r->box, err) < 0)
		return -1;
	return state_update(&m->prefix.state_root, &store, m->items, m->n_items, n_before, n_after,
			    err);
}

/* Sign, and put the prefix into the room that was left for it. */
static int
finish_prefix(struct making *m, struct hash32 *head, struct err *err)
{
	AUTO(buf_clear) struct buf prefix = BUF_INIT(BATCH_PREFIX_BYTES_MAX);

	m->prefix.n_records = m->records.n;
	merkle_root(&m->prefix.records_root, &m->records);
	if (batch_sign(&m->prefix, m->r->me->dsk, err) < 0 ||
	    batch_head(head, &m->prefix, err) < 0 ||
	    batch_prefix_encode(&prefix, &m->prefix, err) < 0)
		return -1;
	if (prefix.n != batch_prefix_bytes(&m->prefix))
		return err_set(err, ERR_INTERNAL, "the batch's prefix has another length");
	memcpy(m->bytes.p, prefix.p, prefix.n);
	return 0;
}

static int
put_line(struct run *r, const struct prepared *p, struct err *err)
{
	struct receipt_item line = {
		.app = p->app,
		.id = span_str(p->shown_id),
		.name = span_str(p->name),
		.result = p->tombstone ? "forgotten" : "uploaded",
		.bytes = p->frame_bytes,
	};

	return p->of_box ? 0 : receipt_put_item(r->box, r->receipt.number, &line, err);
}

/* The journal's transaction. */
static int
put_into_journal(struct journal_batch *out, struct making *m, size_t from, size_t to,
		 struct err *err)
{
	struct run *r = m->r;
	struct hash32 head;

	if (journal_begin(r->box, err) < 0)
		return -1;
	for (size_t i = from; i < to; i++) {
		const struct prepared *p = r->group.items[i];

		if (!p->failed && (add_change(m, p, err) < 0 || put_line(r, p, err) < 0))
			return -1;
	}
	if (compute_state_root(m, err) < 0 || finish_prefix(m, &head, err) < 0)
		return -1;
	*out = (struct journal_batch){
		.kind = BATCH_BACKUP,
		.seq = m->prefix.header.seq,
		.epoch = m->prefix.header.epoch,
		.receipt = r->receipt.number,
	};
	memcpy(out->head, head.b, sizeof out->head);
	return journal_seal(r->box, out, buf_span(&m->bytes), err);
}

/* What the check walks along with the batch's records. */
struct check {
	struct seal_open *open;
	const struct group *group;
	size_t at, to;
	struct buf aad, plain;
};

static void
check_clear(struct check *c)
{
	seal_open_free(c->open);
	buf_clear(&c->aad);
	buf_clear(&c->plain);
}
AUTO_OBJ(check_clear, struct check);

static int
check_record(void *ctx, const struct batch_record *rec, struct err *err)
{
	struct check *c = ctx;
	const struct prepared *p;

	while (c->at < c->to && c->group->items[c->at]->failed)
		c->at++;
	if (c->at == c->to)
		return err_set(err, ERR_INTERNAL, "the sealed batch has too many records");
	p = c->group->items[c->at++];
	buf_reset(&c->aad);
	buf_reset(&c->plain);
	if (record_aad(&c->aad, rec->i, &rec->frame, err) < 0 ||
	    seal_open_record(c->open, &c->plain, rec->i, rec->frame.ciphertext, buf_span(&c->aad),
			     err) < 0)
		return -1;
	if (!span_equal(buf_span(&c->plain), buf_span(&p->plain)) ||
	    !id16_equal(&rec->frame.item, &p->item) || !hash32_equal(&rec->leaf, &p->leaf))
		return err_set(err, ERR_INTERNAL, "the sealed batch opens to something else");
	return 0;
}

/* The journal's bytes, as they came back from the disk. */
static int
check_batch(struct making *m, const struct journal_batch *batch, size_t from, size_t to,
	    struct err *err)
{
	AUTO(buf_clear) struct buf bytes = BUF_INIT(JOURNAL_BATCH_BYTES_MAX);
	AUTO(check_clear)
	struct check c = {
		.group = &m->r->group,
		.at = from,
		.to = to,
		.aad = BUF_INIT(CRYPTO_HASH_BYTES * RECORD_REFS_MAX + 4096),
		.plain = BUF_INIT(RECORD_PLAIN_BYTES_MAX),
	};
	struct batch_prefix prefix;

	buf_clear(&m->bytes); /* one copy at a time */
	if (journal_read(&bytes, m->r->box, batch, err) < 0 ||
	    seal_open_own(
		    &c.open, m->seal,
		    span_of(bytes.p, bytes.n < BATCH_HEADER_BYTES ? bytes.n : BATCH_HEADER_BYTES),
		    err) < 0)
		return -1;
	return batch_read(&prefix, buf_span(&bytes), check_record, &c, err);
}

int
sealing_make(struct journal_batch *out, struct run *r, size_t from, size_t to, struct err *err)
{
	AUTO(making_clear) struct making m = { .r = r, .bytes = BUF_INIT(BATCH_BYTES_MAX) };

	r->progress.stage = BACKUP_SENDING;
	if (begin(&m, err) < 0)
		return -1;
	for (size_t i = from; i < to; i++)
		if (!r->group.items[i]->failed && seal_one(&m, r->group.items[i], err) < 0)
			return -1;
	if (put_into_journal(out, &m, from, to, err) < 0) {
		box_rollback(r->box);
		return -1;
	}
	if (check_batch(&m, out, from, to, err) < 0) {
		struct err why;

		journal_drop(r->box, out, &why);
		return err_wrap(err, "checking the sealed batch");
	}
	return 0;
}
