/* SPDX-License-Identifier: Apache-2.0 */
/* same_file: see same_file.h. */
#include "restore/same_file.h"

/* A file's bytes as a stream: pieces of the item reader, handed out in any portions. */
struct stream {
	struct item_reader *reader;
	struct span left;
	bool moved;
};

/* 0 with 1..n bytes in *out, or 0 with none at the end; -1. */
static int
stream_next(struct stream *s, size_t n, struct span *out, struct err *err)
{
	if (s->left.n == 0) {
		int rc = item_reader_next(s->reader, &s->left, err);

		if (rc == APP_MOVED) {
			s->moved = true;
			return err_set(err, ERR_CONFLICT, "the file changed while it was read");
		}
		if (rc < 0)
			return -1;
		if (rc == APP_END)
			s->left = (struct span){ NULL, 0 };
	}
	*out = span_of(s->left.p, s->left.n < n ? s->left.n : n);
	s->left = span_skip(s->left, out->n);
	return 0;
}

static int
stream_read(void *ctx, void *p, size_t n, size_t *got, struct err *err)
{
	struct span part;

	if (stream_next(ctx, n, &part, err) < 0)
		return -1;
	if (part.n)
		memcpy(p, part.p, part.n);
	*got = part.n;
	return 0;
}

/* The payload is all chunks, from the first to the last, of one class. */
static bool
is_plain_file(const struct record *r, const struct chunk_entries *l)
{
	struct payload_segment seg;
	struct span payload = r->payload;
	struct err bad = { 0 };

	if (l->n == 0 || payload_next(&seg, &payload, &bad) != 0 || payload.n != 0 ||
	    seg.kind != PAYLOAD_CHUNKS || seg.first_chunk != 0 || seg.n_chunks != l->n)
		return false;
	for (size_t i = 1; i < l->n; i++)
		if (l->e[i].class != l->e[0].class)
			return false;
	return true;
}

static int
same_pieces(bool *same, struct fetch *f, const struct record *r, const struct chunk_entries *l,
	    struct stream *stream, struct err *err)
{
	struct chunk_source source = { stream, stream_read };
	AUTO(splitter_free) struct splitter *split = NULL;
	struct chunk_plan plan;
	struct span piece;
	size_t i;
	int rc = 0;

	if (chunk_plan_make(&plan, l->e[0].class, r->size_bytes, err) < 0)
		return -1;
	*same = plan.n_pieces == l->n;
	if (!*same)
		return 0;
	if (splitter_new(&split, &plan, &source, err) < 0)
		return -1;
	for (i = 0; *same && (rc = splitter_next(split, &piece, err)) == 0; i++) {
		if (i == l->n)
			*same = false;
		else if (opener_chunk_is(same, fetch_opener(f), &l->e[i], piece, err) < 0)
			return -1;
	}
	return rc < 0 ? -1 : 0;
}

/* A sink that compares instead of writing. */
struct comparing {
	struct stream *stream;
	bool differs;
};

static int
compare(void *ctx, struct span bytes, struct err *err)
{
	struct comparing *c = ctx;

	while (bytes.n && !c->differs) {
		struct span here;

		if (stream_next(c->stream, bytes.n, &here, err) < 0)
			return -1;
		c->differs = here.n == 0 || memcmp(here.p, bytes.p, here.n) != 0;
		bytes = span_skip(bytes, here.n);
	}
	return 0;
}

static int
same_bytes(bool *same, struct fetch *f, const struct record *r, struct stream *stream,
	   struct err *err)
{
	struct comparing c = { stream, false };
	struct payload_sink sink = { &c, compare };

	if (fetch_payload(f, r, &sink, err) < 0)
		return -1;
	*same = !c.differs;
	return 0;
}

/* A file that is read to its end is vouched for by its stamp. */
static int
finish(struct stream *stream, struct err *err)
{
	struct span rest;

	do {
		if (stream_next(stream, SIZE_MAX, &rest, err) < 0)
			return -1;
	} while (rest.n);
	return 0;
}

int
same_file(bool *same, bool *fetched, struct fetch *f, const struct record *r, struct app_session *s,
	  const struct app_place *place, struct err *err)
{
	AUTO(chunk_entries_clear) struct chunk_entries l = { 0 };
	AUTO(item_reader_free) struct item_reader *reader = NULL;
	struct stream stream = { 0 };
	int rc;

	*same = *fetched = false;
	if (place->size != r->size_bytes)
		return 0;
	rc = item_reader_open(&reader, s, place, err);
	if (rc != 0)
		return rc;
	stream.reader = reader;
	if (fetch_entries(&l, f, r, err) < 0)
		return -1;
	*fetched = !is_plain_file(r, &l);
	rc = *fetched ? same_bytes(same, f, r, &stream, err)
		      : same_pieces(same, f, r, &l, &stream, err);
	if (rc == 0 && *same)
		rc = finish(&stream, err);
	return stream.moved ? APP_MOVED : rc;
}
