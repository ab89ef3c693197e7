/* SPDX-License-Identifier: Apache-2.0 */
/*
 * api: POST /v1/records and /v1/item: sealed records with what proves them.
 *
 * Records never change once they are stored, so an answer is made piece by piece, each in a view of
 * its own; no transaction waits for a slow client.  A record whose leaf does not fit any more is
 * damaged and sent as such (frame kind 3): the others go on.
 */
#include <stdlib.h>

#include "accounts/drills.h"
#include "api/journal.h"
#include "api/server.h"
#include "catalog/state_store.h"
#include "os/os.h"

/* A piece of an answer grows until it has this much; one record may add RECORD_FRAME_BYTES_MAX. */
#define PIECE_BYTES     65536
#define PIECE_BYTES_MAX (PIECE_BYTES + BATCH_PREFIX_BYTES_MAX + RECORD_FRAME_BYTES_MAX + 1024)

/* The batch that the next records come from. */
struct source {
	struct catalog_batch batch; /* row 0: none yet */
	struct merkle_tree *tree;   /* with proofs */
};

static void
source_clear(struct source *s)
{
	merkle_tree_free(s->tree);
	*s = (struct source){ 0 };
}
AUTO_OBJ(source_clear, struct source);

struct leaves {
	struct hash32 *at;
	uint32_t n, have;
};

static int
take_leaf(void *ctx, uint64_t index, struct span leaf, struct err *err)
{
	struct leaves *l = ctx;

	if (index != l->have || l->have == l->n || leaf.n != sizeof l->at->b)
		return err_set(err, ERR_FORMAT, "the leaves of a batch are damaged");
	memcpy(l->at[l->have++].b, leaf.p, leaf.n);
	return 0;
}

static int
make_tree(struct catalog_tx *tx, struct source *s, struct err *err)
{
	struct leaves l = { .n = s->batch.n };
	int rc;

	AUTO(free) struct hash32 *at = calloc(s->batch.n + 1u, sizeof *at);
	if (!at)
		return err_nomem(err);
	l.at = at;
	rc = tx->ops->record_leaves(tx, &s->batch, take_leaf, &l, err);
	if (rc == 0 && l.have != l.n)
		rc = err_set(err, ERR_FORMAT, "leaves of a batch are gone");
	return rc ? rc : merkle_tree_new(&s->tree, at, l.n, err);
}

/* Append the frame of batch @seq and make it the source.  0, CATALOG_ABSENT or -1. */
static int
open_source(struct catalog_tx *tx, struct source *s, int64_t device_row, uint64_t seq, bool proofs,
	    struct buf *out, struct err *err)
{
	AUTO(buf_clear) struct buf prefix = BUF_INIT(BATCH_PREFIX_BYTES_MAX);
	struct wire_frame f = { .kind = WIRE_FRAME_BATCH };
	int rc;

	source_clear(s);
	rc = tx->ops->batch_get(tx, &s->batch, device_row, seq, err);
	if (rc == 0)
		rc = tx->ops->batch_prefix(tx, device_row, seq, &prefix, err);
	if (rc == 0 && proofs && s->batch.n)
		rc = make_tree(tx, s, err);
	if (rc) {
		source_clear(s);
		return rc;
	}
	f.prefix = buf_span(&prefix);
	return wire_frame_encode(out, &f, err);
}

/* Which records are meant, and of whom. */
struct asked {
	int64_t device_row;
	bool proofs;
	bool live; /* none but those of live items: all that a drill without the passphrase needs */
};

/* 0 where the record is its item's newest version and no tombstone; CATALOG_ABSENT; -1. */
static int
is_live(struct catalog_tx *tx, int64_t device_row, const struct catalog_version *v, struct err *err)
{
	struct catalog_item item;
	int64_t folder;
	int rc = tx->ops->folder_row(tx, device_row, &v->folder, &folder, err);

	if (rc == 0)
		rc = tx->ops->item_get(tx, &item, device_row, folder, &v->item, err);
	if (rc)
		return rc;
	return item.live && item.seq == v->seq && item.index == v->index ? 0 : CATALOG_ABSENT;
}

/* The record as it was sent, or CATALOG_ABSENT: never there, cleared, or damaged. */
static int
read_record(struct catalog_tx *tx, const struct asked *of, struct wire_record_at at,
	    struct buf *frame, struct err *err)
{
	struct catalog_version v;
	struct record_frame f;
	struct hash32 leaf;
	size_t n;
	int rc = tx->ops->record_get(tx, of->device_row, at.seq, at.index, &v, frame, err);

	if (rc == 0 && of->live)
		rc = is_live(tx, of->device_row, &v, err);
	if (rc)
		return rc < 0 && err->code != ERR_FORMAT ? -1 : CATALOG_ABSENT;
	if (record_frame_decode(&f, buf_span(frame), &n, err) != 0 || n != frame->n)
		return CATALOG_ABSENT;
	record_leaf(&leaf, at.index, &f);
	return hash32_equal(&leaf, &v.leaf) ? 0 : CATALOG_ABSENT;
}

static int
append_gone(struct buf *out, struct wire_record_at at, struct err *err)
{
	const struct wire_frame f = { .kind = WIRE_FRAME_GONE, .seq = at.seq, .index = at.index };

	return wire_frame_encode(out, &f, err);
}

/* Append the frames of one record, its batch's first where that is another than the last one's. */
static int
append_record(struct catalog_tx *tx, struct source *s, const struct asked *of,
	      struct wire_record_at at, struct buf *out, struct err *err)
{
	AUTO(buf_clear) struct buf record = BUF_INIT(RECORD_FRAME_BYTES_MAX);
	struct wire_frame f = { .kind = WIRE_FRAME_RECORD, .seq = at.seq, .index = at.index };
	int rc = read_record(tx, of, at, &record, err);

	if (rc == 0 && (!s->batch.row || s->batch.seq != at.seq))
		rc = open_source(tx, s, of->device_row, at.seq, of->proofs, out, err);
	if (rc < 0 && err->code == ERR_FORMAT)
		rc = CATALOG_ABSENT; /* what would prove it is damaged */
	if (rc == CATALOG_ABSENT)
		return append_gone(out, at, err);
	if (rc < 0)
		return -1;
	if (s->tree)
		merkle_tree_path(&f.path, s->tree, at.index);
	f.record = buf_span(&record);
	return wire_frame_encode(out, &f, err);
}

static int
append_end(struct buf *out, struct err *err)
{
	const struct wire_frame f = { .kind = WIRE_FRAME_END };

	return wire_frame_encode(out, &f, err);
}

/* --- POST /v1/records --- */

struct delivery {
	struct change change; /* first; counting what a device has without the passphrase */
	const struct server *server;
	struct session session;
	struct wire_records asked;
	struct catalog_device device;
	struct source source;
	size_t i;      /* of asked.at */
	bool complete; /* the end frame is in the piece */
	struct buf piece;
	size_t n_sent; /* of the piece */
};

static void
delivery_free(void *ctx)
{
	struct delivery *d = ctx;

	if (!d)
		return;
	wire_records_clear(&d->asked);
	source_clear(&d->source);
	buf_clear(&d->piece);
	free(d);
}
AUTO_PTR(delivery_free, struct delivery);

static int
fill_piece(struct catalog_tx *tx, void *ctx, struct err *err)
{
	struct delivery *d = ctx;
	const struct asked of = { .device_row = d->device.row,
				  .proofs = d->asked.proofs,
				  .live = d->session.scope == LOGIN_PUT };

	buf_reset(&d->piece);
	d->n_sent = 0;
	while (d->i < d->asked.n && d->piece.n < PIECE_BYTES)
		if (append_record(tx, &d->source, &of, d->asked.at[d->i++], &d->piece, err) < 0)
			return -1;
	if (d->i < d->asked.n || d->piece.n >= PIECE_BYTES)
		return 0;
	d->complete = true;
	return append_end(&d->piece, err);
}

static int
first_piece(struct catalog_tx *tx, void *ctx, struct problem *p, struct err *err)
{
	struct delivery *d = ctx;
	struct catalog_account a;
	struct catalog_device self;
	int rc = gate_session(tx, &d->session, &a, &self, p, err);

	if (rc == 0)
		rc = gate_data_of(tx, &d->session, &d->asked.device, &d->device, p, err);
	return rc ? rc : fill_piece(tx, d, err);
}

/* A device's own ciphertexts, for a drill: so many a day. */
static int
count_rule(struct catalog_tx *tx, struct change *c, struct problem *p, struct err *err)
{
	struct delivery *d = (struct delivery *)c;
	struct catalog_account a;
	struct catalog_device self;
	int rc = gate_session(tx, &d->session, &a, &self, p, err);

	if (rc == 0)
		rc = gate_data_of(tx, &d->session, &d->asked.device, &d->device, p, err);
	if (rc == 0)
		rc = drills_take(&d->device, (uint32_t)d->asked.n, os->now_unix_ms(), p);
	return rc ? rc : tx->ops->device_put(tx, &d->device, err);
}

static ssize_t
delivery_read(void *ctx, char *p, size_t room)
{
	struct delivery *d = ctx;
	struct err err;

	if (d->n_sent == d->piece.n) {
		if (d->complete)
			return HTTP_STREAM_END;
		if (catalog_read(d->server->catalog, fill_piece, d, &err) < 0) {
			journal("records: %s", err.msg);
			return HTTP_STREAM_BREAK;
		}
	}
	size_t n = d->piece.n - d->n_sent < room ? d->piece.n - d->n_sent : room;
	memcpy(p, d->piece.p + d->n_sent, n);
	d->n_sent += n;
	return (ssize_t)n;
}

static void
counted(struct change *c)
{
	struct exchange *x = c->x;

	x->state = NULL; /* the stream's */
	http_answer_stream(x, delivery_read, delivery_free, c);
}

void
records_drop(struct exchange *x)
{
	delivery_free(x->state);
}

void
records_end(struct exchange *x)
{
	AUTO(delivery_free) struct delivery *d = calloc(1, sizeof *d);
	struct err err;

	if (!d) {
		http_refuse(x, PROBLEM_BUSY);
		return;
	}
	d->server = server_of(x);
	d->piece.max = PIECE_BYTES_MAX;
	if (!api_session(x, SCOPE_PUT | SCOPE_GET, &d->session))
		return;
	if (wire_records_decode(&d->asked, buf_span(&x->body), &err) < 0) {
		http_malformed(x, &err);
		return;
	}
	if (d->session.scope == LOGIN_PUT) {
		x->state = d;
		api_change(x, &TAKE(d)->change, count_rule, counted);
		return;
	}
	if (!api_read(x, first_piece, d))
		return;
	if (d->complete)
		http_answer(x, 200, &d->piece);
	else
		http_answer_stream(x, delivery_read, delivery_free, TAKE(d));
}

/* --- POST /v1/item --- */

struct proving {
	struct session session;
	struct wire_item_ask asked;
	struct buf *body;
};

/* The frames of the item's live record, if it has one. */
static int
append_live(struct catalog_tx *tx, const struct catalog_device *d,
	    const struct wire_item_ask *asked, struct buf *frames, struct err *err)
{
	AUTO(source_clear) struct source source = { 0 };
	struct catalog_item item;
	int64_t folder;
	int rc = tx->ops->folder_row(tx, d->row, &asked->folder, &folder, err);

	if (rc == 0)
		rc = tx->ops->item_get(tx, &item, d->row, folder, &asked->item, err);
	if (rc < 0)
		return -1;
	if (rc == 0 && item.live) {
		const struct wire_record_at at = { item.seq, item.index };
		const struct asked of = { .device_row = d->row };
		if (append_record(tx, &source, &of, at, frames, err) < 0)
			return -1;
	}
	return append_end(frames, err);
}

static int
item_rule(struct catalog_tx *tx, void *ctx, struct problem *p, struct err *err)
{
	struct proving *q = ctx;
	AUTO(buf_clear) struct buf prefix = BUF_INIT(BATCH_PREFIX_BYTES_MAX);
	AUTO(buf_clear) struct buf frames = BUF_INIT(PIECE_BYTES_MAX);
	struct catalog_account a;
	struct catalog_device self, d;
	struct catalog_state state;
	struct wire_item_answer answer = { 0 };
	int rc = gate_session(tx, &q->session, &a, &self, p, err);

	if (rc == 0)
		rc = gate_data_of(tx, &q->session, &q->asked.device, &d, p, err);
	if (rc)
		return rc;
	if (newest_prefix(tx, &d, &prefix, err) < 0)
		return -1;
	catalog_state_init(&state, tx, d.row);
	rc = d.live ? state_proof_make(&answer.proof, &state.store, &q->asked.item, d.live, err)
		    : 0;
	if (rc == 0)
		rc = append_live(tx, &d, &q->asked, &frames, err);
	answer.prefix = buf_span(&prefix);
	answer.frames = buf_span(&frames);
	if (rc == 0)
		rc = wire_item_answer_encode(q->body, &answer, err);
	state_proof_clear(&answer.proof);
	return rc;
}

void
item_end(struct exchange *x)
{
	AUTO(buf_clear) struct buf body = BUF_INIT(PIECE_BYTES_MAX + (1u << 20));
	struct proving q = { .body = &body };
	struct err err;

	if (!api_session(x, SCOPE_GET, &q.session))
		return;
	if (wire_item_ask_decode(&q.asked, buf_span(&x->body), &err) < 0)
		http_malformed(x, &err);
	else if (api_read(x, item_rule, &q))
		http_answer(x, 200, &body);
}
