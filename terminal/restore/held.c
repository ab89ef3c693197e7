/* SPDX-License-Identifier: Apache-2.0 */
/* held: see held.h. */
#include "restore/held.h"

#include "base/bytes.h"

#define HELD_VERSION 1

/* A line of the item, its end included even where the file's last one has none. */
static int
append_lines(struct buf *out, struct span lines, struct err *err)
{
	if (buf_append(out, lines, err) < 0)
		return -1;
	if (lines.n && lines.p[lines.n - 1] != '\n' && lines.p[lines.n - 1] != '\r')
		return buf_append_str(out, "\r\n", err);
	return 0;
}

/* An item of that one field. */
static int
append_item(struct buf *out, const struct item *theirs, const struct field *f, struct err *err)
{
	const struct item_style style = { theirs->version, ITEM_CRLF };

	if (theirs->form->open(out, style, err) < 0 ||
	    append_lines(out, range_span(theirs->bytes, f->own), err) < 0)
		return -1;
	for (size_t i = 0; i < f->n_members; i++) {
		struct range r = theirs->members[f->first_member + i];

		if (append_lines(out, range_span(theirs->bytes, r), err) < 0)
			return -1;
	}
	return theirs->form->close(out, style, err);
}

static int
append_text(struct buf *out, const char *text, struct err *err)
{
	struct span s = span_str(text);

	return buf_append_u32(out, (uint32_t)s.n, err) < 0 ? -1 : buf_append(out, s, err);
}

int
held_encode(struct buf *out, const struct item *theirs, const struct merge_change *change,
	    struct err *err)
{
	const struct field *f = change->theirs;

	if (buf_append_byte(out, HELD_VERSION, err) < 0 ||
	    buf_append_byte(out, (f->flags & FIELD_LIST) != 0, err) < 0 ||
	    buf_append(out, SPAN_ARRAY(f->key.b), err) < 0 ||
	    append_text(out, change->mine ? change->mine->value : "", err) < 0 ||
	    append_text(out, f->value, err) < 0)
		return -1;
	return append_item(out, theirs, f, err);
}

int
held_decode(struct held *out, struct span body, struct err *err)
{
	struct reader r = reader_of(body);
	uint8_t version = read_u8(&r);
	uint8_t element = read_u8(&r);

	if (!r.failed && version != HELD_VERSION)
		return err_set(err, ERR_UNSUPPORTED, "a held value of version %u",
			       (unsigned)version);
	if (!r.failed && element > 1)
		return err_set(err, ERR_FORMAT, "a held value is damaged");
	out->element = element == 1;
	read_bytes(&r, out->key.b, sizeof out->key.b);
	out->here = read_span(&r, read_u32(&r));
	out->backup = read_span(&r, read_u32(&r));
	out->card = read_span(&r, r.left.n);
	return reader_done(&r, "a held value", err);
}
