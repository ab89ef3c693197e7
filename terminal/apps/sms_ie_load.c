/* SPDX-License-Identifier: Apache-2.0 */
/* sms_ie_load: see sms_ie_load.h. */
#include "apps/sms_ie_load.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "apps/libarchive.h"
#include "apps/sms_ie_message.h"
#include "base/array.h"
#include "os/os.h"

#define PIECE_BYTES ((size_t)64 << 10)

void
sms_ie_export_clear(struct sms_ie_export *x)
{
	scratch_free(x->scratch);
	free(x->rows);
	free(x->parts);
	free(x->bad);
	*x = (struct sms_ie_export)SMS_IE_EXPORT_INIT;
}

/* An export on its way. */
struct loading {
	struct sms_ie_export *x;
	int fd;
	uint64_t size, at; /* of the file; read up to */
	uint64_t left;     /* bytes that may still come out of it */
	struct archive *zip;
	struct err failed;          /* of reading the file, or of what was in it */
	uint8_t in[PIECE_BYTES];    /* libarchive's, between its calls */
	uint8_t piece[PIECE_BYTES]; /* of an entry */
};

/* ---- the file ---- */

static ssize_t
read_file(struct loading *l, void *p, size_t n)
{
	ssize_t got;

	while ((got = os->pread(l->fd, p, n, (off_t)l->at)) < 0 && errno == EINTR)
		;
	if (got < 0)
		err_sys(&l->failed, errno, "cannot read the export");
	else
		l->at += (uint64_t)got;
	return got;
}

static int
head_of(uint8_t head[static 4], int fd, struct err *err)
{
	ssize_t n = os->pread(fd, head, 4, 0);

	if (n < 0)
		return err_sys(err, errno, "cannot read the export");
	memset(head + n, 0, 4 - (size_t)n);
	return 0;
}

static bool
is_zip(const uint8_t head[static 4])
{
	return memcmp(head, "PK\3\4", 4) == 0;
}

int
sms_ie_check(int fd, struct err *err)
{
	uint8_t head[4];

	if (head_of(head, fd, err) < 0)
		return -1;
	if (is_zip(head) || (head[0] && strchr("[{ \t\r\n\xef", head[0])))
		return 0;
	err_set(err, ERR_UNSUPPORTED, "this is no export of SMS Import / Export");
	return err_hint(err,
			"name its messages-DATE.zip, or the messages.json of a version before 2");
}

/* ---- texts ---- */

/* Take @n off what may still come.  An archive that swells beyond it is a bomb, not an export. */
static int
take(struct loading *l, size_t n, struct err *err)
{
	if (n > l->left)
		return err_set(err, ERR_LIMIT, "the export unpacks to more than %u times its size",
			       SMS_IE_RATIO);
	l->left -= n;
	return 0;
}

static int
read_text(void *ctx, void *p, size_t n, size_t *got, struct err *err)
{
	struct loading *l = ctx;
	la_ssize_t r = l->zip ? libarchive.read_data(l->zip, p, n) : read_file(l, p, n);

	*got = 0;
	if (r < 0 && l->failed.code != ERR_NONE)
		return *err = l->failed, -1;
	if (r < 0) /* what came until here is there; the rest is told */
		return err_set(&l->x->cut, ERR_SYNTAX, "the export is damaged: %s",
			       libarchive.error_string(l->zip)),
		       0;
	*got = (size_t)r;
	return take(l, *got, err);
}

static int
put_row(void *ctx, const struct text_part *part, struct err *err)
{
	struct loading *l = ctx;
	struct sms_ie_export *x = l->x;

	if (part->bad) {
		if (x->n_bad == SMS_IE_BAD_MAX)
			return 0;
		if (array_reserve((void **)&x->bad, &x->cap_bad, x->n_bad + 1, sizeof *x->bad,
				  SMS_IE_BAD_MAX, err) < 0)
			return -1;
		x->bad[x->n_bad++] = part->line;
		return 0;
	}
	if (array_reserve((void **)&x->rows, &x->cap_rows, x->n_rows + 1, sizeof *x->rows,
			  SMS_IE_ROWS_MAX, err) < 0 ||
	    scratch_put(&x->rows[x->n_rows].at, x->scratch, part->bytes, err) < 0)
		return -1;
	x->rows[x->n_rows++].line = part->line;
	return 0;
}

static int
load_text(struct loading *l, struct err *err)
{
	struct text_stream stream = { .ctx = l, .read = read_text, .source = "messages" };

	return sms_ie_split(&stream, put_row, l, err);
}

/* ---- data ---- */

static int
load_data(struct loading *l, struct span name, struct err *err)
{
	AUTO(buf_clear) struct buf bytes = BUF_INIT(SMS_IE_DATA_MAX);
	struct sms_ie_export *x = l->x;
	struct sms_ie_part part = { .name = key_hash(name) };
	size_t got = 1;

	while (got) {
		if (read_text(l, l->piece, sizeof l->piece, &got, err) < 0)
			return -1;
		part.too_large |= bytes.n + got > SMS_IE_DATA_MAX;
		if (!part.too_large && buf_append(&bytes, span_of(l->piece, got), err) < 0)
			return -1;
	}
	if (x->cut.code != ERR_NONE)
		return 0; /* half of it is none */
	if (!part.too_large && scratch_put(&part.at, x->scratch, buf_span(&bytes), err) < 0)
		return -1;
	if (array_reserve((void **)&x->parts, &x->cap_parts, x->n_parts + 1, sizeof *x->parts,
			  SMS_IE_PARTS_MAX, err) < 0)
		return -1;
	x->parts[x->n_parts++] = part;
	return 0;
}

static int
part_order(const void *a, const void *b)
{
	const struct sms_ie_part *l = a, *r = b;
	int c = memcmp(l->name.b, r->name.b, sizeof l->name.b);

	return c ? c : (l->at.at > r->at.at) - (l->at.at < r->at.at);
}

static const struct sms_ie_part *
part_named(const struct sms_ie_export *x, struct span name)
{
	struct field_key key = key_hash(name);
	size_t from = 0, to = x->n_parts;

	while (from < to) { /* the first of that name */
		size_t mid = from + (to - from) / 2;
		if (memcmp(x->parts[mid].name.b, key.b, sizeof key.b) < 0)
			from = mid + 1;
		else
			to = mid;
	}
	return from < x->n_parts && field_key_equal(&x->parts[from].name, &key) ? &x->parts[from]
										: NULL;
}

/* ---- the zip ---- */

static la_ssize_t
zip_read(struct archive *a, void *ctx, const void **p)
{
	struct loading *l = ctx;
	ssize_t n = read_file(l, l->in, sizeof l->in);

	*p = l->in;
	if (n < 0)
		libarchive.set_error(a, l->failed.sys_errno, "read");
	return n;
}

static la_int64_t
zip_seek(struct archive *a, void *ctx, la_int64_t to, int whence)
{
	struct loading *l = ctx;
	la_int64_t base = whence == SEEK_SET   ? 0
			  : whence == SEEK_CUR ? (la_int64_t)l->at
					       : (la_int64_t)l->size;

	(void)a;
	if (to < -base || to > (la_int64_t)l->size - base)
		return ARCHIVE_FATAL;
	l->at = (uint64_t)(base + to);
	return base + to;
}

/* One entry: the messages, the data of a part, or what is neither and passed over. */
static int
load_entry(struct loading *l, struct archive_entry *e, bool *had_messages, struct err *err)
{
	const char *name = libarchive.entry_pathname_utf8(e);

	if (!name)
		name = libarchive.entry_pathname(e);
	if (!name)
		return 0;
	if (strcmp(name, "messages.ndjson") == 0 && !*had_messages) {
		*had_messages = true;
		return load_text(l, err);
	}
	if (strncmp(name, "data/", 5) == 0 && name[5] && !strchr(name + 5, '/'))
		return load_data(l, span_str(name + 5), err);
	return 0;
}

static int
zip_failed(struct loading *l, struct err *err)
{
	if (l->failed.code != ERR_NONE)
		return *err = l->failed, -1;
	return err_set(err, ERR_SYNTAX, "the export is damaged: %s",
		       libarchive.error_string(l->zip));
}

static int
open_zip(struct loading *l, struct err *err)
{
	if (libarchive_need(err) < 0)
		return -1;
	l->zip = libarchive.read_new();
	if (!l->zip)
		return err_nomem(err);
	if (libarchive.read_support_format_zip(l->zip) != ARCHIVE_OK ||
	    libarchive.read_set_read_callback(l->zip, zip_read) != ARCHIVE_OK ||
	    libarchive.read_set_seek_callback(l->zip, zip_seek) != ARCHIVE_OK ||
	    libarchive.read_set_callback_data(l->zip, l) != ARCHIVE_OK ||
	    libarchive.read_open1(l->zip) != ARCHIVE_OK)
		return zip_failed(l, err);
	return 0;
}

static int
load_zip(struct loading *l, struct err *err)
{
	struct archive_entry *e;
	bool had_messages = false;
	int rc = open_zip(l, err), got = ARCHIVE_OK;

	while (rc == 0 && l->x->cut.code == ERR_NONE &&
	       (got = libarchive.read_next_header(l->zip, &e)) != ARCHIVE_EOF) {
		if (got == ARCHIVE_OK || got == ARCHIVE_WARN)
			rc = load_entry(l, e, &had_messages, err);
		else
			zip_failed(l, &l->x->cut);
	}
	if (rc == 0 && l->failed.code != ERR_NONE)
		rc = (*err = l->failed, -1);
	if (rc == 0 && !had_messages) {
		err_set(err, ERR_SYNTAX, "this zip has no messages.ndjson");
		rc = err_hint(err, "name an export of SMS Import / Export");
	}
	if (l->zip)
		libarchive.read_free(l->zip);
	return rc;
}

/* ---- all of it ---- */

int
sms_ie_load(struct sms_ie_export *x, int fd, uint64_t size, struct err *err)
{
	AUTO(free) struct loading *l = calloc(1, sizeof *l);
	uint8_t head[4];
	int rc;

	if (!l)
		return err_nomem(err);
	l->x = x;
	l->fd = fd;
	l->size = size;
	l->left = SMS_IE_FREE + (size < UINT64_MAX / SMS_IE_RATIO / 2 ? size * SMS_IE_RATIO : 0);
	if (head_of(head, fd, err) < 0 || scratch_new_temporary(&x->scratch, err) < 0)
		return -1;
	rc = is_zip(head) ? load_zip(l, err) : load_text(l, err);
	if (rc == 0 && x->n_parts)
		qsort(x->parts, x->n_parts, sizeof *x->parts, part_order);
	return rc;
}

static int
get_data(void *ctx, struct buf *out, struct span name, struct err *err)
{
	struct sms_ie_export *x = ctx;
	const struct sms_ie_part *part = part_named(x, name);

	if (!part)
		return 1;
	if (part->too_large)
		return err_set(err, ERR_LIMIT, "a part of more than %zu MiB",
			       SMS_IE_DATA_MAX >> 20);
	return scratch_get(out, x->scratch, part->at, err);
}

int
sms_ie_message(struct buf *out, int64_t *date_unix_ms, struct sms_ie_export *x, size_t nth,
	       struct err *err)
{
	AUTO(buf_clear) struct buf json = BUF_INIT(4 * (size_t)ITEM_BYTES_MAX);
	struct sms_ie_data data = { x, get_data };

	return scratch_get(&json, x->scratch, x->rows[nth].at, err) < 0
		       ? -1
		       : sms_ie_print(out, date_unix_ms, buf_span(&json), &data, err);
}
