/* SPDX-License-Identifier: Apache-2.0 */
/*
 * api: POST /v1/chunks: objects, streamed, made durable while they arrive.
 *
 *     arriving --end of object--> group --full, due, end of body, link cut--> worker: sync, then rows
 *
 * A group's objects are synced together, then their rows written in one transaction; the exchange
 * waits meanwhile, which also slows down a client that sends faster than the disk writes.  The body
 * of a chunk that is here already is thrown away: what a client sends never replaces an object,
 * unless a check found that one damaged.
 */
#include <stdlib.h>

#include "accounts/quota.h"
#include "api/commit.h"
#include "api/journal.h"
#include "api/server.h"
#include "base/array.h"
#include "os/os.h"

#define GROUP_OBJECTS 32         /* a group is full with so many, */
#define GROUP_BYTES   (8u << 20) /* or so much; the piece that fills it may bring some more */
#define GROUP_WAIT_MS 1000
#define UPLOAD_CHUNKS (1u << 20) /* of one request */

struct pending {
	uint32_t index; /* within the request */
	struct hash32 cid;
	struct blob_writer *writer; /* NULL: it was here already */
	struct blob_info info;
	bool kept; /* its row names the object */
};

struct upload {
	struct work work; /* first */
	struct server *server;
	struct exchange *x; /* NULL: the link was cut, what came whole is still stored */
	struct session session;
	struct wire_chunks_reader reader;
	struct hash32 who; /* whose share of the uploads at once it is, if counted */
	bool counted;
	bool ended;       /* the body */
	bool has_problem; /* from a hook of the reader, or from the rows */
	struct problem problem;

	uint32_t n;        /* chunks so far */
	struct buf bitmap; /* of those stored */

	struct pending arriving; /* the object that is coming */
	struct pending *group;   /* whole ones */
	size_t n_group, cap_group;
	uint64_t group_bytes;
	int64_t group_begun_ms; /* uptime: when its first object was whole */
};

/* --- the group: sync, rows --- */

static int
add_row(struct catalog_tx *tx, struct upload *u, struct catalog_account *a,
	struct catalog_device *d, struct pending *item, const struct catalog_chunk *chunk,
	struct err *err)
{
	uint64_t size = item->info.size;

	if (a->uncommitted_bytes + size > COMMIT_UNCOMMITTED_MAX) {
		u->has_problem = refuse(&u->problem, PROBLEM_QUOTA);
		return 0;
	}
	u->has_problem = quota_take(a, d, size, os->now_unix_ms(), &u->problem);
	if (u->has_problem)
		return 0;
	if (tx->ops->chunk_add(tx, d->row, chunk, err) != 0)
		return -1;
	a->uncommitted_bytes += size;
	item->kept = true;
	return 0;
}

/* A damaged object gives way to the one that came now. */
static int
mend_row(struct catalog_tx *tx, struct catalog_account *a, int64_t device_row, struct pending *item,
	 const struct catalog_chunk *old, struct catalog_chunk *chunk, struct err *err)
{
	chunk->committed = old->committed;
	if (tx->ops->dead_add(tx, &old->object.name, chunk->wanted_ms + RETENTION_DAMAGED_MS, err) <
		    0 ||
	    tx->ops->chunk_put(tx, device_row, chunk, err) < 0)
		return -1;
	a->used_bytes += item->info.size;
	a->used_bytes -= old->object.size < a->used_bytes ? old->object.size : a->used_bytes;
	item->kept = true;
	return 0;
}

static int
write_row(struct catalog_tx *tx, struct upload *u, struct catalog_account *a,
	  struct catalog_device *d, struct pending *item, struct err *err)
{
	int64_t now_ms = tx->ops->clock(tx);
	struct catalog_chunk old, chunk = {
		.cid = item->cid,
		.object = item->info,
		.wanted_ms = now_ms,
	};
	int rc = tx->ops->chunk_get(tx, &old, d->row, &item->cid, err);

	item->kept = false;
	if (rc < 0)
		return -1;
	if (rc == CATALOG_ABSENT)
		return item->writer ? add_row(tx, u, a, d, item, &chunk, err) : 0;
	if (old.damaged)
		return item->writer ? mend_row(tx, a, d->row, item, &old, &chunk, err) : 0;
	if (now_ms - old.wanted_ms < CHUNK_WANTED_STEP_MS)
		return 0;
	old.wanted_ms = now_ms;
	return tx->ops->chunk_put(tx, d->row, &old, err);
}

/* May run more than once: everything it leaves in the upload is set anew. */
static int
rows_run(struct catalog_tx *tx, void *ctx, struct err *err)
{
	struct upload *u = ctx;
	struct catalog_account a;
	struct catalog_device d;
	int64_t now_unix_ms = os->now_unix_ms();
	int rc;

	u->has_problem = false;
	rc = gate_session(tx, &u->session, &a, &d, &u->problem, err);
	u->has_problem = rc == REFUSED;
	for (size_t i = 0; i < u->n_group && rc == 0 && !u->has_problem; i++)
		rc = write_row(tx, u, &a, &d, &u->group[i], err);
	if (rc < 0)
		return -1;
	if (rc == REFUSED)
		return REFUSED;
	device_came(tx, &d, now_unix_ms);
	return tx->ops->device_put(tx, &d, err) < 0 ? -1 : tx->ops->account_put(tx, &a, err);
}

/* Sync the group's objects.  A sync that failed for another reason than room ends the process. */
static int
keep_objects(struct upload *u, struct err *err)
{
	const struct server *s = u->server;
	struct blob_writer **writers = calloc(u->n_group + 1, sizeof(struct blob_writer *));
	size_t n = 0;

	if (!writers)
		return err_nomem(err);
	for (size_t i = 0; i < u->n_group; i++)
		if (u->group[i].writer)
			writers[n++] = u->group[i].writer;
	int rc = n ? blobs_keep(s->blobs, writers, n, err) : 0;
	free(writers);
	if (rc < 0 && err->code == ERR_IO)
		s->fatal(s->fatal_ctx, err);
	return rc;
}

/* Forget the group; objects that no row names go away again. */
static void
end_group(struct upload *u)
{
	const struct server *s = u->server;
	struct err err;

	for (size_t i = 0; i < u->n_group; i++) {
		struct pending *item = &u->group[i];
		if (!item->writer)
			continue;
		s->blobs->ops->drop(item->writer);
		if (!item->kept && blobs_remove(s->blobs, &item->info.name, &err) < 0)
			journal("chunks: %s", err.msg);
	}
	u->n_group = 0;
	u->group_bytes = 0;
}

static int
mark_stored(struct upload *u, struct err *err)
{
	size_t need = WIRE_BITMAP_BYTES(u->n);
	uint8_t *at;

	if (u->bitmap.n < need) {
		size_t more = need - u->bitmap.n;
		if (buf_extend(&u->bitmap, more, &at, err) < 0)
			return -1;
		memset(at, 0, more);
	}
	for (size_t i = 0; i < u->n_group; i++)
		if (u->group[i].kept || !u->group[i].writer)
			wire_bit_set(u->bitmap.p, u->group[i].index);
	return 0;
}

static void
answer_upload(struct upload *u)
{
	AUTO(buf_clear) struct buf body = BUF_INIT(UPLOAD_CHUNKS / 8 + 64);
	struct wire_chunks_answer answer = { u->n, buf_span(&u->bitmap) };
	struct err err;

	api_answer(u->x, wire_chunks_answer_encode(&body, &answer, &err), &body, &err);
}

static void
upload_free(struct upload *u)
{
	const struct blobs_ops *blobs = u->server->blobs->ops;

	blobs->drop(u->arriving.writer);
	for (size_t i = 0; i < u->n_group; i++)
		blobs->drop(u->group[i].writer);
	if (u->counted)
		shares_give(&u->server->uploads, &u->who, 1);
	buf_clear(&u->bitmap);
	free(u->group);
	free(u);
}

/* Sync, rows, and the bits of what is stored now. */
static int
store_objects(struct upload *u, struct err *err)
{
	int rc = keep_objects(u, err);

	if (rc == 0)
		rc = catalog_write(u->server->catalog, rows_run, u, err);
	if (rc < 0)
		for (size_t i = 0; i < u->n_group; i++)
			u->group[i].kept = false;
	else
		rc = mark_stored(u, err);
	end_group(u);
	return rc < 0 ? -1 : 0;
}

static void
store_group(struct work *w)
{
	struct upload *u = (struct upload *)w;
	struct exchange *x = u->x;
	struct err err = { 0 };
	int rc = store_objects(u, &err);

	if (!x) {
		if (rc < 0)
			journal("chunks: %s", err.msg);
		upload_free(u);
		return;
	}
	if (rc < 0)
		http_fail(x, &err);
	else if (u->has_problem)
		http_problem(x, &u->problem);
	else if (u->ended)
		answer_upload(u);
	http_resume(x);
}

static void
submit_group(struct upload *u)
{
	http_wait(u->x);
	workers_submit(u->server->workers, &u->work);
}

/* --- the body --- */

struct looking {
	struct upload *upload;
	const struct hash32 *cid;
	bool known;
};

static int
known_rule(struct catalog_tx *tx, void *ctx, struct problem *p, struct err *err)
{
	struct looking *l = ctx;
	struct catalog_account a;
	struct catalog_device d;
	struct catalog_chunk chunk;
	int rc = gate_session(tx, &l->upload->session, &a, &d, p, err);

	if (rc)
		return rc;
	rc = tx->ops->chunk_get(tx, &chunk, d.row, l->cid, err);
	l->known = rc == 0 && !chunk.damaged;
	return rc < 0 ? -1 : 0;
}

/* The hooks of the reader: where they fail, the exchange is answered. */
static int
begin_object(void *ctx, const struct hash32 *cid, uint32_t n_bytes, struct err *err)
{
	struct upload *u = ctx;
	struct looking l = { .upload = u, .cid = cid };

	(void)n_bytes;
	if (u->n == UPLOAD_CHUNKS)
		return err_set(err, ERR_LIMIT, "too many chunks in one request");
	if (!api_read(u->x, known_rule, &l))
		return -1;
	u->arriving = (struct pending){ .index = u->n++, .cid = *cid };
	if (l.known || blobs_begin(&u->arriving.writer, u->server->blobs, err) == 0)
		return 0;
	http_fail(u->x, err);
	return -1;
}

static int
object_data(void *ctx, struct span bytes, struct err *err)
{
	struct upload *u = ctx;

	if (!u->arriving.writer ||
	    u->server->blobs->ops->append(u->arriving.writer, bytes, err) == 0)
		return 0;
	http_fail(u->x, err);
	return -1;
}

static int
end_object(void *ctx, struct err *err)
{
	struct upload *u = ctx;
	struct pending *p = &u->arriving;

	if ((p->writer && u->server->blobs->ops->finish(p->writer, &p->info, err) < 0) ||
	    array_reserve((void **)&u->group, &u->cap_group, u->n_group + 1, sizeof *u->group,
			  UPLOAD_CHUNKS, err) < 0) {
		http_fail(u->x, err);
		return -1;
	}
	if (u->n_group == 0)
		u->group_begun_ms = os->uptime_ms();
	u->group[u->n_group++] = *p;
	u->group_bytes += p->info.size;
	p->writer = NULL;
	return 0;
}

void
chunks_begin(struct exchange *x)
{
	struct session session;
	struct upload *u;

	if (!api_session(x, SCOPE_PUT, &session) || !api_room(x))
		return;
	x->state = u = calloc(1, sizeof *u);
	if (!u) {
		http_refuse(x, PROBLEM_BUSY);
		return;
	}
	const struct wire_chunks_sink sink = { u, begin_object, object_data, end_object };
	u->server = server_of(x);
	u->who = api_who(&session.account);
	u->counted = shares_take(&u->server->uploads, &u->who, 1);
	if (!u->counted)
		http_refuse(x, PROBLEM_BUSY);
	u->work.run = store_group;
	u->x = x;
	u->session = session;
	u->bitmap.max = UPLOAD_CHUNKS / 8 + 1;
	wire_chunks_reader_init(&u->reader, &sink);
}

/* Over a slow link an object waits no longer than a moment for its neighbours: what was stored does
 * not travel again when the link goes away without a word. */
static bool
group_is_due(const struct upload *u)
{
	return u->n_group >= GROUP_OBJECTS || u->group_bytes >= GROUP_BYTES ||
	       (u->n_group && os->uptime_ms() - u->group_begun_ms >= GROUP_WAIT_MS);
}

void
chunks_piece(struct exchange *x, struct span piece)
{
	struct upload *u = x->state;
	struct err err = { 0 };

	if (wire_chunks_reader_feed(&u->reader, piece, &err) < 0) {
		if (!http_answered(x))
			http_malformed(x, &err);
		return;
	}
	if (group_is_due(u))
		submit_group(u);
}

void
chunks_end(struct exchange *x)
{
	struct upload *u = x->state;
	struct err err;

	u->ended = true;
	if (wire_chunks_reader_end(&u->reader, &err) < 0)
		http_malformed(x, &err);
	else if (u->n_group)
		submit_group(u);
	else
		answer_upload(u);
}

void
chunks_drop(struct exchange *x)
{
	struct upload *u = x->state;

	if (!u)
		return;
	u->x = NULL;
	if (u->n_group && !x->ended && !http_answered(x))
		workers_submit(u->server->workers, &u->work); /* the link was cut */
	else
		upload_free(u);
}
