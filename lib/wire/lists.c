/* SPDX-License-Identifier: Apache-2.0 */
/* lists: items and versions of a device, and one item with its proof; see wire.h. */
#include "base/array.h"
#include "wire/wire_internal.h"

int
wire_item_encode(struct buf *out, const struct wire_item *e, struct err *err)
{
	if (buf_append_id16(out, &e->folder, err) < 0 || buf_append_id16(out, &e->item, err) < 0 ||
	    buf_append_u32(out, e->version, err) < 0 || buf_append_u64(out, e->seq, err) < 0 ||
	    buf_append_u32(out, e->index, err) < 0 || buf_append_byte(out, e->flags, err) < 0 ||
	    buf_append_hash32(out, &e->leaf, err) < 0)
		return -1;
	return buf_append_u32(out, e->cipher_bytes, err);
}

int
wire_items_begin(struct buf *out, struct span prefix, uint64_t n, struct err *err)
{
	if (append_bytes32(out, prefix, err) < 0)
		return -1;
	return buf_append_u64(out, n, err);
}

int
wire_versions_begin(struct buf *out, uint64_t n, struct err *err)
{
	return buf_append_u64(out, n, err);
}

static struct wire_item
read_item(struct reader *r)
{
	struct wire_item e;

	e.folder = read_id16(r);
	e.item = read_id16(r);
	e.version = read_u32(r);
	e.seq = read_u64(r);
	e.index = read_u32(r);
	e.flags = read_u8(r);
	e.leaf = read_hash32(r);
	e.cipher_bytes = read_u32(r);
	return e;
}

static int
bad_list(struct err *err)
{
	return bad_body("the list of items", err);
}

static int
take_beginning(struct wire_items_reader *l, struct span at, size_t *n, struct err *err)
{
	struct reader r = reader_of(at);
	struct span prefix = { NULL, 0 };

	*n = l->has_prefix ? 12 : 8;
	if (at.n < *n)
		return FEED_MORE;
	if (l->has_prefix) {
		uint32_t n_prefix = get_u32(at.p);

		if (n_prefix > BATCH_PREFIX_BYTES_MAX)
			return bad_list(err);
		*n += n_prefix;
		if (at.n < *n)
			return FEED_MORE;
		prefix = read_bytes32(&r, BATCH_PREFIX_BYTES_MAX);
	}
	l->begun = true;
	l->left = read_u64(&r);
	return l->sink.begin(l->sink.ctx, prefix, l->left, err);
}

/* Whether @e may follow the item before. */
static bool
in_order(const struct wire_items_reader *l, const struct wire_item *e)
{
	int c = id16_compare(&l->last.item, &e->item);

	if (l->last.version == 0) /* there is none before */
		return true;
	return c < 0 || (c == 0 && !l->has_prefix && l->last.version < e->version);
}

static int
take_item(void *ctx, struct span at, size_t *n, struct err *err)
{
	struct wire_items_reader *l = ctx;
	struct reader r = reader_of(at);

	if (!l->begun)
		return take_beginning(l, at, n, err);
	if (l->left == 0)
		return bad_list(err);
	*n = WIRE_ITEM_ENTRY_BYTES;
	if (at.n < *n)
		return FEED_MORE;
	struct wire_item e = read_item(&r);
	if (e.version == 0 || (e.flags & ~RECORD_TOMBSTONE) || !in_order(l, &e))
		return bad_list(err);
	l->left--;
	l->last = e;
	return l->sink.item(l->sink.ctx, &e, err);
}

void
wire_items_reader_init(struct wire_items_reader *r, enum wire_list list,
		       const struct wire_items_sink *sink)
{
	*r = (struct wire_items_reader){ .sink = *sink, .has_prefix = list == WIRE_ITEMS };
	feed_init(&r->feed, 12 + BATCH_PREFIX_BYTES_MAX, take_item, r);
}

void
wire_items_reader_clear(struct wire_items_reader *r)
{
	feed_clear(&r->feed);
}

int
wire_items_reader_feed(struct wire_items_reader *r, struct span piece, struct err *err)
{
	return feed_add(&r->feed, piece, err);
}

int
wire_items_reader_end(const struct wire_items_reader *r, struct err *err)
{
	if (feed_end(&r->feed, "the list of items", err) < 0)
		return -1;
	return r->begun && r->left == 0
		       ? 0
		       : err_set(err, ERR_FORMAT, "the list of items is cut short");
}

int
wire_item_ask_encode(struct buf *out, const struct wire_item_ask *a, struct err *err)
{
	if (buf_append_id16(out, &a->device, err) < 0 || buf_append_id16(out, &a->folder, err) < 0)
		return -1;
	return buf_append_id16(out, &a->item, err);
}

int
wire_item_ask_decode(struct wire_item_ask *out, struct span in, struct err *err)
{
	struct reader r = reader_of(in);

	out->device = read_id16(&r);
	out->folder = read_id16(&r);
	out->item = read_id16(&r);
	return reader_done(&r, "a question for an item", err);
}

void
wire_item_answer_clear(struct wire_item_answer *a)
{
	state_proof_clear(&a->proof);
	*a = (struct wire_item_answer){ 0 };
}

static int
append_proof(struct buf *out, const struct state_proof *p, struct err *err)
{
	if (buf_append_u64(out, p->n_live, err) < 0 ||
	    buf_append_u16(out, (uint16_t)p->n_entries, err) < 0)
		return -1;
	for (size_t i = 0; i < p->n_entries; i++) {
		uint8_t e[STATE_ENTRY_BYTES];

		state_entry_encode(e, &p->entries[i]);
		if (buf_append(out, SPAN_ARRAY(e), err) < 0)
			return -1;
	}
	for (unsigned i = 0; i < p->n_siblings; i++)
		if (buf_append_hash32(out, &p->siblings[i], err) < 0)
			return -1;
	return 0;
}

int
wire_item_answer_encode(struct buf *out, const struct wire_item_answer *a, struct err *err)
{
	if (append_bytes32(out, a->prefix, err) < 0 || append_proof(out, &a->proof, err) < 0)
		return -1;
	return buf_append(out, a->frames, err);
}

static int
read_proof(struct state_proof *p, struct reader *r, struct err *err)
{
	p->n_live = read_u64(r);
	size_t n = read_u16(r);
	unsigned depth = state_depth(p->n_live);

	if (n > STATE_BUCKET_MAX || depth > STATE_DEPTH_MAX || n * STATE_ENTRY_BYTES > r->left.n)
		return bad_body("the proof of an item", err);
	if (array_reserve((void **)&p->entries, &p->cap_entries, n, sizeof *p->entries,
			  STATE_BUCKET_MAX, err) < 0)
		return -1;
	for (; p->n_entries < n; p->n_entries++)
		p->entries[p->n_entries] = state_entry_decode(read_span(r, STATE_ENTRY_BYTES).p);
	for (; p->n_siblings < depth; p->n_siblings++)
		p->siblings[p->n_siblings] = read_hash32(r);
	return r->failed ? bad_body("the proof of an item", err) : 0;
}

int
wire_item_answer_decode(struct wire_item_answer *out, struct span in, struct err *err)
{
	struct reader r = reader_of(in);

	wire_item_answer_clear(out);
	out->prefix = read_bytes32(&r, BATCH_PREFIX_BYTES_MAX);
	if (r.failed)
		return bad_body("the answer about an item", err);
	if (read_proof(&out->proof, &r, err) < 0)
		return -1;
	out->frames = r.left;
	return 0;
}
