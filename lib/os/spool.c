/* SPDX-License-Identifier: Apache-2.0 */
/* spool: see spool.h.  A row is u32 length and its bytes; a block holds whole rows. */
#include "os/spool.h"

#include <stdlib.h>

#include "base/array.h"
#include "base/bytes.h"
#include "os/scratch.h"

#define BLOCKS_MAX (1u << 26)
#define BLOCK_MAX  (SIZE_MAX / 4) /* one large row makes a large block */
#define ROW_HEAD   4

struct spool {
	struct scratch *scratch; /* NULL: not needed so far */
	bool owns_scratch;
	int dir_fd; /* -1: memory only */
	struct scratch_place *blocks;
	size_t n_blocks, cap_blocks;
	struct buf tail; /* behind the blocks */
	uint64_t n;
	/* reading */
	struct buf block;
	size_t at_block; /* the next to be read; n_blocks: the tail, n_blocks + 1: nothing */
	struct span left;
};

static int
make(struct spool **out, struct err *err)
{
	struct spool *s = calloc(1, sizeof *s);

	if (!s)
		return err_nomem(err);
	s->dir_fd = -1;
	s->tail.max = s->block.max = BLOCK_MAX;
	*out = s;
	return 0;
}

int
spool_new(struct spool **out, int dir_fd, struct err *err)
{
	if (make(out, err) < 0)
		return -1;
	(*out)->dir_fd = dir_fd;
	return 0;
}

int
spool_new_in(struct spool **out, struct scratch *scratch, struct err *err)
{
	if (make(out, err) < 0)
		return -1;
	(*out)->scratch = scratch;
	return 0;
}

void
spool_free(struct spool *s)
{
	if (!s)
		return;
	if (s->owns_scratch)
		scratch_free(s->scratch);
	free(s->blocks);
	buf_clear(&s->tail);
	buf_clear(&s->block);
	free(s);
}

/* Whether there is a file, made now if it has to be. */
static int
need_scratch(bool *has, struct spool *s, struct err *err)
{
	if (!s->scratch && s->dir_fd >= 0) {
		if (scratch_new(&s->scratch, s->dir_fd, err) < 0)
			return -1;
		s->owns_scratch = true;
	}
	*has = s->scratch != NULL;
	return 0;
}

static int
tail_to_disk(struct spool *s, struct err *err)
{
	bool has;

	if (s->tail.n == 0)
		return 0;
	if (need_scratch(&has, s, err) < 0)
		return -1;
	if (!has)
		return 0;
	if (array_reserve((void **)&s->blocks, &s->cap_blocks, s->n_blocks + 1, sizeof *s->blocks,
			  BLOCKS_MAX, err) < 0 ||
	    scratch_put(&s->blocks[s->n_blocks], s->scratch, buf_span(&s->tail), err) < 0)
		return -1;
	s->n_blocks++;
	buf_reset(&s->tail);
	return 0;
}

int
spool_put(struct spool *s, struct span row, struct err *err)
{
	if (row.n > UINT32_MAX - ROW_HEAD)
		return err_set(err, ERR_LIMIT, "a row of more than 4 GiB");
	if (s->tail.n && s->tail.n + ROW_HEAD + row.n > SPOOL_BLOCK_BYTES &&
	    tail_to_disk(s, err) < 0)
		return -1;
	if (buf_reserve(&s->tail, ROW_HEAD + row.n, err) < 0 ||
	    buf_append_u32(&s->tail, (uint32_t)row.n, err) < 0 ||
	    buf_append(&s->tail, row, err) < 0)
		return -1;
	s->n++;
	return 0;
}

uint64_t
spool_n(const struct spool *s)
{
	return s ? s->n : 0;
}

int
spool_flush(struct spool *s, struct err *err)
{
	if (tail_to_disk(s, err) < 0)
		return -1;
	if (s->tail.n == 0)
		buf_clear(&s->tail);
	return 0;
}

void
spool_rewind(struct spool *s)
{
	s->at_block = 0;
	s->left = span_of(NULL, 0);
}

/* The next block, or the tail, to be read. */
static int
next_block(struct spool *s, struct err *err)
{
	if (s->at_block > s->n_blocks)
		return SPOOL_END;
	if (s->at_block == s->n_blocks) {
		s->left = buf_span(&s->tail);
	} else {
		buf_reset(&s->block);
		if (scratch_get(&s->block, s->scratch, s->blocks[s->at_block], err) < 0)
			return -1;
		s->left = buf_span(&s->block);
	}
	s->at_block++;
	return s->left.n ? 0 : SPOOL_END;
}

int
spool_next(struct span *row, struct spool *s, struct err *err)
{
	if (s->left.n == 0) {
		int rc = next_block(s, err);

		if (rc)
			return rc;
	}
	struct reader r = reader_of(s->left);

	*row = read_span(&r, read_u32(&r));
	s->left = r.left;
	return r.failed ? err_set(err, ERR_IO, "rows put aside are damaged") : 0;
}
