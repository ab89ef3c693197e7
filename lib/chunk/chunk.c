/* SPDX-License-Identifier: Apache-2.0 */
/* chunk: see chunk.h. */
#include "chunk/chunk.h"

#include <stdlib.h>

#include "format/padding.h"
#include "os/os.h"

enum chunk_class
chunk_class_of(struct span mime)
{
	static const char *const databases[] = {
		"application/vnd.sqlite3",
		"application/x-sqlite3",
	};

	for (size_t i = 0; i < sizeof databases / sizeof *databases; i++)
		if (span_equal(mime, span_str(databases[i])))
			return CHUNK_DATABASE;
	return CHUNK_MEDIA;
}

int
chunk_class_check(uint8_t class, struct err *err)
{
	if (class < CHUNK_MEDIA || class > CHUNK_VALUE)
		return err_set(err, ERR_FORMAT, "a chunk of the unknown class %u", class);
	if (class == CHUNK_TEXT)
		return err_set(err, ERR_UNSUPPORTED, "a chunk of the reserved class %u", class);
	return 0;
}

size_t chunk_piece_bytes(enum chunk_class class)
{
	return class == CHUNK_DATABASE ? CHUNK_DATABASE_BYTES : CHUNK_PLAIN_BYTES_MAX;
}

int
chunk_plan_make(struct chunk_plan *out, enum chunk_class class, uint64_t size_bytes,
		struct err *err)
{
	size_t piece = chunk_piece_bytes(class);
	uint64_t padded = size_bytes;

	if (size_bytes > PAYLOAD_PADDED_FROM && size_bytes <= PAD_LENGTH_MAX)
		padded = pad_size(size_bytes);
	uint64_t n = padded / piece + (padded % piece != 0);
	if (n > CHUNK_PIECES_MAX)
		return err_set(err, ERR_LIMIT, "a file of %llu bytes, where %llu are allowed",
			       (unsigned long long)size_bytes,
			       (unsigned long long)CHUNK_PIECES_MAX * piece);
	*out = (struct chunk_plan){ class, size_bytes, padded, piece, (uint32_t)n };
	return 0;
}

int
chunk_from_fd(void *ctx, void *p, size_t n, size_t *got, struct err *err)
{
	const int *fd = ctx;

	return os_read_full(*fd, p, n, got, "file being backed up", err);
}

struct splitter {
	struct chunk_plan plan;
	struct chunk_source source;
	uint64_t at; /* padded bytes handed out */
	uint8_t bytes[];
};

int
splitter_new(struct splitter **out, const struct chunk_plan *plan,
	     const struct chunk_source *source, struct err *err)
{
	/* One piece; less for a small file. */
	size_t n = plan->padded_bytes < plan->piece_bytes ? (size_t)plan->padded_bytes
							  : plan->piece_bytes;
	struct splitter *s = malloc(sizeof *s + n);

	if (!s)
		return err_nomem(err);
	s->plan = *plan;
	s->source = *source;
	s->at = 0;
	*out = s;
	return 0;
}

void
splitter_free(struct splitter *s)
{
	free(s);
}

static int
changed(struct err *err)
{
	err_set(err, ERR_CONFLICT, "the file changed while it was read");
	return err_hint(err, "It is taken at the next backup.");
}

static int
fill(struct splitter *s, uint8_t *p, size_t n, struct err *err)
{
	while (n > 0) {
		size_t got = 0;

		if (s->source.read(s->source.ctx, p, n, &got, err) < 0)
			return -1;
		if (got == 0)
			return changed(err);
		p += got;
		n -= got;
	}
	return 0;
}

/* The file must end where it was to end. */
static int
check_end(struct splitter *s, struct err *err)
{
	uint8_t more;
	size_t got = 0;

	if (s->source.read(s->source.ctx, &more, 1, &got, err) < 0)
		return -1;
	return got == 0 ? 0 : changed(err);
}

int
splitter_next(struct splitter *s, struct span *piece, struct err *err)
{
	const struct chunk_plan *p = &s->plan;
	uint64_t left = p->padded_bytes - s->at;
	size_t n = left < p->piece_bytes ? (size_t)left : p->piece_bytes;
	uint64_t of_file = s->at < p->size_bytes ? p->size_bytes - s->at : 0;
	size_t n_read = of_file < n ? (size_t)of_file : n;

	if (n == 0)
		return p->size_bytes == 0 && check_end(s, err) < 0 ? -1 : CHUNK_END;
	if (fill(s, s->bytes, n_read, err) < 0)
		return -1;
	/* The last byte of the file lies in this piece. */
	if (n_read > 0 && s->at + n_read == p->size_bytes && check_end(s, err) < 0)
		return -1;
	memset(s->bytes + n_read, 0, n - n_read);
	s->at += n;
	*piece = span_of(s->bytes, n);
	return 0;
}
