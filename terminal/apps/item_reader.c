/* SPDX-License-Identifier: Apache-2.0 */
/* item_reader: see item_reader.h.  Reads from an open file, or from memory (fd < 0) where an item's
 * bytes are not those of its file (UTF-16), or what made_bytes makes. */
#include "apps/item_reader.h"

#include <errno.h>
#include <stdlib.h>

#include "apps/folder_session.h"

struct item_reader {
	struct folder_session *session; /* borrowed; NULL: from memory */
	int fd;
	char *source;
	struct app_stamp stamp;
	uint64_t at, end; /* in the file, or in `bytes` */
	uint64_t size;
	struct made_bytes made; /* fill NULL: none */
	struct buf bytes;       /* the current piece; from memory: everything */
};

static int
reader_start(struct item_reader *r, struct folder_session *s, const struct app_place *place,
	     struct err *err)
{
	uint64_t room = place->size < APP_PIECE_BYTES ? place->size : APP_PIECE_BYTES;

	r->fd = -1;
	r->session = s;
	r->bytes.max = APP_PIECE_BYTES;
	r->stamp = place->stamp;
	r->at = place->offset;
	r->size = place->size;
	r->end = place->offset + place->size;
	if (r->end < r->at || r->end > place->stamp.size)
		return APP_MOVED;
	r->source = strdup(place->source);
	if (!r->source)
		return err_nomem(err);
	if (buf_reserve(&r->bytes, (size_t)room, err) < 0)
		return -1;
	return folder_open_file(&r->fd, &s->folder, place->source, &place->stamp, err);
}

int
folder_reader_new(struct item_reader **out, struct folder_session *s, const struct app_place *place,
		  struct err *err)
{
	struct item_reader *r = calloc(1, sizeof *r);

	if (!r)
		return err_nomem(err);
	int rc = reader_start(r, s, place, err);
	if (rc)
		item_reader_free(r);
	else
		*out = r;
	return rc;
}

int
bytes_reader_new(struct item_reader **out, struct buf *bytes, struct err *err)
{
	struct item_reader *r = calloc(1, sizeof *r);

	if (!r)
		return err_nomem(err);
	r->fd = -1;
	r->bytes = *bytes;
	r->end = r->size = bytes->n;
	*bytes = (struct buf)BUF_INIT(bytes->max);
	*out = r;
	return 0;
}

int
made_reader_new(struct item_reader **out, const struct made_bytes *made, uint64_t size,
		struct err *err)
{
	struct item_reader *r = calloc(1, sizeof *r);

	if (!r) {
		made->free(made->ctx);
		return err_nomem(err);
	}
	r->fd = -1;
	r->made = *made;
	r->bytes.max = APP_PIECE_BYTES;
	r->end = r->size = size;
	*out = r;
	return 0;
}

int
item_reader_open(struct item_reader **out, struct app_session *s, const struct app_place *place,
		 struct err *err)
{
	return s->adapter->open_item(out, s, place, err);
}

void
item_reader_free(struct item_reader *r)
{
	if (!r)
		return;
	if (r->fd >= 0)
		os->close(r->fd);
	if (r->made.free)
		r->made.free(r->made.ctx);
	buf_clear(&r->bytes);
	free(r->source);
	free(r);
}

uint64_t
item_reader_size(const struct item_reader *r)
{
	return r->size;
}

static int
reader_next_in_memory(struct item_reader *r, struct span *piece)
{
	uint64_t left = r->end - r->at;

	if (left == 0)
		return APP_END;
	*piece = span_of(r->bytes.p + r->at,
			 (size_t)(left < APP_PIECE_BYTES ? left : APP_PIECE_BYTES));
	r->at += piece->n;
	return 0;
}

static int
reader_next_made(struct item_reader *r, struct span *piece, struct err *err)
{
	uint64_t left = r->end - r->at;
	size_t want = (size_t)(left < APP_PIECE_BYTES ? left : APP_PIECE_BYTES);
	uint8_t *p;
	int rc;

	if (left == 0) {
		rc = r->made.check(r->made.ctx, err);
		return rc ? rc : APP_END;
	}
	buf_reset(&r->bytes);
	if (buf_extend(&r->bytes, want, &p, err) < 0)
		return -1;
	rc = r->made.fill(r->made.ctx, p, want, err);
	r->at += want;
	*piece = buf_span(&r->bytes);
	return rc;
}

int
item_reader_next(struct item_reader *r, struct span *piece, struct err *err)
{
	uint64_t left = r->end - r->at;
	size_t want = (size_t)(left < APP_PIECE_BYTES ? left : APP_PIECE_BYTES), got = 0;
	uint8_t *p;

	if (r->made.fill)
		return reader_next_made(r, piece, err);
	if (r->fd < 0)
		return reader_next_in_memory(r, piece);
	if (left == 0) {
		int rc = folder_check_file(r->fd, &r->session->folder, r->source, &r->stamp, err);
		return rc ? rc : APP_END;
	}
	buf_reset(&r->bytes);
	if (buf_extend(&r->bytes, want, &p, err) < 0)
		return -1;
	while (got < want) {
		ssize_t n = os->pread(r->fd, p + got, want - got, (off_t)(r->at + got));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, errno, "cannot read %s", r->source);
		if (n == 0)
			return APP_MOVED; /* shorter than its stamp said */
		got += (size_t)n;
	}
	r->at += got;
	*piece = buf_span(&r->bytes);
	return 0;
}

int
item_read_all(struct buf *out, struct app_session *s, const struct app_place *place,
	      struct err *err)
{
	AUTO(item_reader_free) struct item_reader *r = NULL;
	size_t before = out->n;
	struct span piece;
	int rc = item_reader_open(&r, s, place, err);

	if (rc)
		return rc;
	if (buf_reserve(out, (size_t)r->size, err) < 0)
		return err_wrap(err, "%s", place->source);
	while ((rc = item_reader_next(r, &piece, err)) == 0) {
		if (buf_append(out, piece, err) < 0)
			break;
	}
	if (rc == APP_END)
		return 0;
	out->n = before;
	return rc == APP_MOVED ? APP_MOVED : -1;
}
