/* SPDX-License-Identifier: Apache-2.0 */
/* batch_reader: the records of a batch as they arrive; see batch.h. */
#include <assert.h>
#include <stdlib.h>

#include "format/batch.h"

/* What an item may stand once in a batch by. */
struct item_key {
	struct id16 folder, item;
};

struct batch_reader {
	struct feed feed;
	batch_record_fn *fn;
	void *ctx;
	uint32_t n;             /* records announced */
	struct merkle merkle;   /* merkle.n: records so far */
	struct item_key keys[]; /* n of them, those so far filled in */
};

static int
take_record(void *ctx, struct span at, size_t *n, struct err *err)
{
	struct batch_reader *r = ctx;
	struct batch_record rec = { .i = r->merkle.n };

	if (rec.i == r->n)
		return err_set(err, ERR_FORMAT, "bytes follow the last record of a batch");
	int rc = record_frame_decode(&rec.frame, at, n, err);
	if (rc < 0)
		return err_wrap(err, "record %u", rec.i);
	if (rc == FEED_MORE)
		return rc;

	record_leaf(&rec.leaf, rec.i, &rec.frame);
	rec.bytes = span_of(at.p, *n);
	r->keys[rec.i] = (struct item_key){ rec.frame.folder, rec.frame.item };
	merkle_add(&r->merkle, &rec.leaf);
	return r->fn ? r->fn(r->ctx, &rec, err) : 0;
}

int
batch_reader_new(struct batch_reader **out, uint32_t n_records, batch_record_fn *fn, void *ctx,
		 struct err *err)
{
	if (n_records > BATCH_RECORDS_MAX)
		return err_set(err, ERR_LIMIT, "a batch of %u records, where %u are allowed",
			       n_records, BATCH_RECORDS_MAX);
	struct batch_reader *r = malloc(sizeof *r + n_records * sizeof *r->keys);
	if (!r)
		return err_nomem(err);
	r->fn = fn;
	r->ctx = ctx;
	r->n = n_records;
	merkle_init(&r->merkle);
	feed_init(&r->feed, RECORD_FRAME_BYTES_MAX, take_record, r);
	*out = r;
	return 0;
}

void
batch_reader_free(struct batch_reader *r)
{
	if (!r)
		return;
	feed_clear(&r->feed);
	free(r);
}

int
batch_reader_feed(struct batch_reader *r, struct span piece, struct err *err)
{
	return feed_add(&r->feed, piece, err);
}

static int
compare_keys(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct item_key));
}

int
batch_reader_end(struct batch_reader *r, struct hash32 *records_root, struct err *err)
{
	uint32_t n = r->merkle.n;

	if (feed_end(&r->feed, "a record of the batch", err) < 0)
		return -1;
	if (n < r->n)
		return err_set(err, ERR_FORMAT, "a batch of %u records has %u only", r->n, n);
	qsort(r->keys, n, sizeof *r->keys, compare_keys);
	for (uint32_t i = 1; i < n; i++)
		if (compare_keys(&r->keys[i - 1], &r->keys[i]) == 0)
			return err_set(err, ERR_FORMAT, "an item stands in a batch twice");
	merkle_root(records_root, &r->merkle);
	return 0;
}

int
batch_read(struct batch_prefix *prefix, struct span batch, batch_record_fn *fn, void *ctx,
	   struct err *err)
{
	AUTO(batch_reader_free) struct batch_reader *r = NULL;
	struct hash32 root;
	size_t n;

	if (batch.n > BATCH_BYTES_MAX)
		return err_set(err, ERR_LIMIT, "a batch of %zu bytes, where %u are allowed",
			       batch.n, BATCH_BYTES_MAX);
	int rc = batch_prefix_decode(prefix, batch, &n, err);
	if (rc == FEED_MORE)
		return err_set(err, ERR_FORMAT, "a batch is cut short");
	if (rc < 0 || batch_reader_new(&r, prefix->n_records, fn, ctx, err) < 0 ||
	    batch_reader_feed(r, span_skip(batch, n), err) < 0 ||
	    batch_reader_end(r, &root, err) < 0)
		return -1;
	if (!hash32_equal(&root, &prefix->records_root))
		return err_set(err, ERR_AUTH, "the records of batch %llu are not those signed",
			       (unsigned long long)prefix->header.seq);
	return 0;
}
