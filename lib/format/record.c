/* SPDX-License-Identifier: Apache-2.0 */
/* record: the fields of an item as tags, lengths and values; see record.h. */
#include "format/record.h"

#include "format/leb128.h"

enum tag {
	TAG_APP = 1,
	TAG_NATIVE_ID,
	TAG_NAME,
	TAG_MIME,
	TAG_SIZE,
	TAG_PATH,
	TAG_MODIFIED,
	TAG_PAYLOAD,
	TAG_CHUNKS,
	TAG_LISTS,
	TAG_TAKEN, /* the last one known */
};

#define LENGTH_BYTES_MAX    4
#define APP_BYTES_MAX       255
#define NATIVE_ID_BYTES_MAX 4096
#define TAKEN_BYTES_MAX     64

static int
append_field(struct buf *out, enum tag tag, struct span value, struct err *err)
{
	if (value.n == 0)
		return 0;
	if (buf_append_byte(out, (uint8_t)tag, err) < 0 || buf_append_leb128(out, value.n, err) < 0)
		return -1;
	return buf_append(out, value, err);
}

/* The rules that encoder and decoder share. */
static int
check(const struct record *r, enum err_code code, struct err *err)
{
	if (r->app.n == 0 || r->app.n > APP_BYTES_MAX || r->native_id.n == 0 ||
	    r->native_id.n > NATIVE_ID_BYTES_MAX)
		return err_set(err, code, "a record without a proper app and native id");
	if (r->chunks.n && r->lists.n)
		return err_set(err, code, "a record with both chunks and chunk lists");
	if (r->taken.n > TAKEN_BYTES_MAX)
		return err_set(err, code, "a record with a time of more than %d bytes",
			       TAKEN_BYTES_MAX);
	if (!r->live && (r->name.n || r->mime.n || r->path.n || r->has_modified || r->payload.n ||
			 r->chunks.n || r->lists.n || r->taken.n))
		return err_set(err, code, "a tombstone with more than app and native id");
	return 0;
}

static int
encode(struct buf *out, const struct record *r, struct err *err)
{
	uint8_t size[LEB128_BYTES_MAX], modified[8];
	struct span size_span = span_of(size, r->live ? leb128_put(size, r->size_bytes) : 0);
	bool has_path = r->path.n && !span_equal(r->path, r->native_id);

	put_u64(modified, r->modified_unix_ms);
	if (append_field(out, TAG_APP, r->app, err) < 0 ||
	    append_field(out, TAG_NATIVE_ID, r->native_id, err) < 0 ||
	    append_field(out, TAG_NAME, r->name, err) < 0 ||
	    append_field(out, TAG_MIME, r->mime, err) < 0 ||
	    append_field(out, TAG_SIZE, size_span, err) < 0 ||
	    append_field(out, TAG_PATH, span_of(r->path.p, has_path ? r->path.n : 0), err) < 0 ||
	    append_field(out, TAG_MODIFIED, span_of(modified, r->has_modified ? 8 : 0), err) < 0 ||
	    append_field(out, TAG_PAYLOAD, r->payload, err) < 0 ||
	    append_field(out, TAG_CHUNKS, r->chunks, err) < 0 ||
	    append_field(out, TAG_LISTS, r->lists, err) < 0 ||
	    append_field(out, TAG_TAKEN, r->taken, err) < 0)
		return -1;
	return buf_append(out, r->unknown, err);
}

int
record_fields_encode(struct buf *out, const struct record *r, struct err *err)
{
	size_t from = out->n;

	if (check(r, ERR_USAGE, err) < 0 || encode(out, r, err) < 0)
		return -1;
	if (out->n - from > RECORD_FIELDS_BYTES_MAX)
		return err_set(err, ERR_LIMIT,
			       "a record of %zu bytes, where %u are allowed: its content belongs "
			       "into chunks",
			       out->n - from, RECORD_FIELDS_BYTES_MAX);
	return 0;
}

static int
bad_field(unsigned tag, struct err *err)
{
	return err_set(err, ERR_FORMAT, "field %u of a record is not well formed", tag);
}

static int
take_size(struct record *r, struct span value, struct err *err)
{
	struct reader rd = reader_of(value);

	r->live = true;
	r->size_bytes = read_leb128(&rd, LEB128_BYTES_MAX);
	return rd.failed || rd.left.n ? bad_field(TAG_SIZE, err) : 0;
}

static int
take_modified(struct record *r, struct span value, struct err *err)
{
	if (value.n != 8)
		return bad_field(TAG_MODIFIED, err);
	r->has_modified = true;
	r->modified_unix_ms = get_u64(value.p);
	return 0;
}

static int
take_field(struct record *r, unsigned tag, struct span value, struct err *err)
{
	switch (tag) {
	case TAG_APP:
		r->app = value;
		return 0;
	case TAG_NATIVE_ID:
		r->native_id = value;
		return 0;
	case TAG_NAME:
		r->name = value;
		return 0;
	case TAG_MIME:
		r->mime = value;
		return 0;
	case TAG_SIZE:
		return take_size(r, value, err);
	case TAG_PATH:
		r->path = value;
		return span_equal(r->path, r->native_id) ? bad_field(tag, err) : 0;
	case TAG_MODIFIED:
		return take_modified(r, value, err);
	case TAG_PAYLOAD:
		r->payload = value;
		return 0;
	case TAG_CHUNKS:
		r->chunks = value;
		return 0;
	case TAG_LISTS:
		r->lists = value;
		return 0;
	case TAG_TAKEN:
		r->taken = value;
		return 0;
	default:
		return bad_field(tag, err); /* tag 0 */
	}
}

int
record_fields_decode(struct record *out, struct span fields, struct err *err)
{
	struct reader r = reader_of(fields);
	unsigned last = 0;

	*out = (struct record){ 0 };
	while (r.left.n > 0) {
		struct span rest = r.left;
		unsigned tag = read_u8(&r);
		struct span value = read_span(&r, read_leb128(&r, LENGTH_BYTES_MAX));

		if (r.failed)
			return err_set(err, ERR_FORMAT, "the fields of a record are cut short");
		if (tag <= last)
			return err_set(err, ERR_FORMAT, "field %u of a record is out of order",
				       tag);
		last = tag;
		if (tag > TAG_TAKEN) {
			if (out->unknown.n == 0)
				out->unknown = rest; /* to the end: tags ascend */
			continue;
		}
		if (value.n == 0)
			return bad_field(tag, err);
		if (take_field(out, tag, value, err) < 0)
			return -1;
	}
	return check(out, ERR_FORMAT, err);
}
