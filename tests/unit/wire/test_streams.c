/* SPDX-License-Identifier: Apache-2.0 */
/* The bodies that arrive in pieces: chunks, objects, lists of items, frames. */
#include <stdio.h>

#include "format/fixture.h"
#include "mutate.h"
#include "wire/wire.h"

/* What a reader handed on, as text, to be compared with what it should hand on. */
struct heard {
	char text[4096];
	size_t n;
};

static void hear(struct heard *h, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void
hear(struct heard *h, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	int n = vsnprintf(h->text + h->n, sizeof h->text - h->n, format, ap);
	va_end(ap);
	assert_true(n >= 0 && (size_t)n < sizeof h->text - h->n);
	h->n += (size_t)n;
}

/* One kind of stream: how it is read to its end. */
typedef int read_fn(struct heard *h, struct span all, size_t step, struct err *err);

/* The stream gives @expected whatever the pieces, and an error at every cut. */
static void
check_stream(read_fn *read, struct span all, const char *expected)
{
	for (size_t step = 1; step <= all.n; step += 1 + step / 8) {
		struct heard h = { "", 0 };
		struct err err;

		if (read(&h, all, step, &err) < 0)
			fail_msg("%s", err.msg);
		assert_string_equal(h.text, expected);
	}
	for (size_t n = 0; n < all.n; n++) {
		AUTO(free) uint8_t *exact = malloc(n ? n : 1);
		struct heard h = { "", 0 };
		struct err err;

		memcpy(exact, all.p, n);
		int rc = read(&h, span_of(exact, n), 1000, &err);
		assert_true(rc < 0 || n == 0 || strncmp(h.text, expected, h.n) == 0);
		assert_true(rc < 0 || h.n < strlen(expected));
	}
}

static struct span
piece_of(struct span all, size_t at, size_t step)
{
	struct span rest = span_skip(all, at);

	return span_of(rest.p, rest.n < step ? rest.n : step);
}

static int
chunk_begin(void *ctx, const struct hash32 *cid, uint32_t n, struct err *err)
{
	(void)err;
	hear(ctx, "[%u:%u ", get_u32(cid->b), n);
	return 0;
}

static int
chunk_data(void *ctx, struct span bytes, struct err *err)
{
	(void)err;
	hear(ctx, "%.*s", SPAN_ARGS(bytes));
	return 0;
}

static int
chunk_end(void *ctx, struct err *err)
{
	(void)err;
	hear(ctx, "]");
	return 0;
}

static int
read_chunks(struct heard *h, struct span all, size_t step, struct err *err)
{
	const struct wire_chunks_sink sink = { h, chunk_begin, chunk_data, chunk_end };
	struct wire_chunks_reader r;

	wire_chunks_reader_init(&r, &sink);
	for (size_t at = 0; at < all.n; at += step)
		if (wire_chunks_reader_feed(&r, piece_of(all, at, step), err) < 0)
			return -1;
	return wire_chunks_reader_end(&r, err);
}

static void
uploads_are_handed_on_as_they_arrive(void **state)
{
	static const char *const objects[] = { "first object", "x", "the third one" };
	AUTO(buf_clear) struct buf b = BUF_INIT(4096);
	struct err err;
	struct heard h = { "", 0 };

	(void)state;
	for (uint32_t i = 0; i < N_ELEMENTS(objects); i++) {
		uint8_t head[WIRE_CHUNK_HEAD_BYTES];
		struct hash32 cid = test_hash('c', i);

		wire_chunk_head_encode(head, &cid, (uint32_t)strlen(objects[i]));
		assert_int_equal(buf_append(&b, SPAN_ARRAY(head), NULL), 0);
		assert_int_equal(buf_append_str(&b, objects[i], NULL), 0);
	}
	check_stream(read_chunks, buf_span(&b), "[0:12 first object][1:1 x][2:13 the third one]");
	put_u32(b.p + 32, WIRE_OBJECT_BYTES_MAX + 1);
	assert_int_equal(read_chunks(&h, buf_span(&b), 7, &err), -1);
	assert_int_equal(err.code, ERR_LIMIT);
	put_u32(b.p + 32, 0);
	assert_int_equal(read_chunks(&h, buf_span(&b), 7, &err), -1);
}

static int
object(void *ctx, uint32_t i, struct span o, struct err *err)
{
	(void)err;
	hear(ctx, "%u=%.*s;", i, SPAN_ARGS(o));
	return 0;
}

static int
read_objects(struct heard *h, struct span all, size_t step, struct err *err)
{
	AUTO(wire_objects_reader_clear) struct wire_objects_reader r;

	wire_objects_reader_init(&r, 3, object, h);
	for (size_t at = 0; at < all.n; at += step)
		if (wire_objects_reader_feed(&r, piece_of(all, at, step), err) < 0)
			return -1;
	return wire_objects_reader_end(&r, err);
}

static void
downloads_come_object_by_object(void **state)
{
	static const char *const objects[] = { "first", "", "third" };
	AUTO(buf_clear) struct buf b = BUF_INIT(4096);
	struct heard h = { "", 0 };
	struct err err;

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(objects); i++) {
		assert_int_equal(buf_append_u32(&b, (uint32_t)strlen(objects[i]), NULL), 0);
		assert_int_equal(buf_append_str(&b, objects[i], NULL), 0);
	}
	check_stream(read_objects, buf_span(&b), "0=first;1=;2=third;");
	assert_int_equal(buf_append_u32(&b, 0, NULL), 0);
	assert_int_equal(read_objects(&h, buf_span(&b), 9, &err), -1);
	assert_string_equal(err.msg, "more chunks than were asked for");
	h.n = 0;
	put_u32(b.p, WIRE_OBJECT_BYTES_MAX + 1);
	assert_int_equal(read_objects(&h, buf_span(&b), 9, &err), -1);
	assert_int_equal(err.code, ERR_LIMIT);
}

static int
items_begin(void *ctx, struct span prefix, uint64_t n, struct err *err)
{
	(void)err;
	hear(ctx, "%.*s%llu:", SPAN_ARGS(prefix), (unsigned long long)n);
	return 0;
}

static int
an_item(void *ctx, const struct wire_item *e, struct err *err)
{
	(void)err;
	hear(ctx, "%c%u v%u %llu/%u %u %u;", e->item.b[0], e->leaf.b[0], e->version,
	     (unsigned long long)e->seq, e->index, e->flags, e->cipher_bytes);
	return 0;
}

static enum wire_list list;

static int
read_items(struct heard *h, struct span all, size_t step, struct err *err)
{
	AUTO(wire_items_reader_clear) struct wire_items_reader r;
	const struct wire_items_sink sink = { h, items_begin, an_item };

	wire_items_reader_init(&r, list, &sink);
	for (size_t at = 0; at < all.n; at += step)
		if (wire_items_reader_feed(&r, piece_of(all, at, step), err) < 0)
			return -1;
	return wire_items_reader_end(&r, err);
}

static struct wire_item
item_of(uint8_t c, uint32_t version)
{
	return (struct wire_item){ test_id('f', 0),
				   test_id(c, 0),
				   version,
				   9,
				   4,
				   version == 2 ? RECORD_TOMBSTONE : 0,
				   test_hash(0, version),
				   80 };
}

static void
append_items(struct buf *b, const char *ids, const char *versions)
{
	for (; *ids; ids++, versions++) {
		struct wire_item e = item_of((uint8_t)*ids, (uint32_t)(*versions - '0'));

		assert_int_equal(wire_item_encode(b, &e, NULL), 0);
	}
}

static void
lists_come_item_by_item_and_in_order(void **state)
{
	AUTO(buf_clear) struct buf b = BUF_INIT(4096);
	struct heard h = { "", 0 };
	struct err err;

	(void)state;
	list = WIRE_ITEMS;
	assert_int_equal(wire_items_begin(&b, span_str("prefix "), 3, NULL), 0);
	append_items(&b, "abz", "123");
	assert_int_equal(b.n, 4 + 7 + 8 + 3 * WIRE_ITEM_ENTRY_BYTES);
	check_stream(read_items, buf_span(&b),
		     "prefix 3:a1 v1 9/4 0 80;b2 v2 9/4 1 80;z3 v3 9/4 0 80;");
	append_items(&b, "z", "4"); /* more than announced */
	assert_int_equal(read_items(&h, buf_span(&b), 50, &err), -1);
	assert_int_equal(err.code, ERR_FORMAT);

	list = WIRE_VERSIONS;
	buf_reset(&b);
	assert_int_equal(wire_versions_begin(&b, 3, NULL), 0);
	append_items(&b, "aab", "131");
	check_stream(read_items, buf_span(&b), "3:a1 v1 9/4 0 80;a3 v3 9/4 0 80;b1 v1 9/4 0 80;");
}

static void
lists_out_of_order_are_refused(void **state)
{
	static const struct {
		enum wire_list list;
		const char *ids, *versions;
		int rc;
	} cases[] = {
		{ WIRE_ITEMS, "ba", "11", -1 },    { WIRE_ITEMS, "aa", "12", -1 },
		{ WIRE_VERSIONS, "aa", "12", 0 },  { WIRE_VERSIONS, "aa", "22", -1 },
		{ WIRE_VERSIONS, "aa", "21", -1 }, { WIRE_VERSIONS, "ab", "01", -1 },
	};

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
		AUTO(buf_clear) struct buf b = BUF_INIT(4096);
		struct heard h = { "", 0 };
		struct err err;

		list = cases[i].list;
		if (list == WIRE_ITEMS)
			assert_int_equal(wire_items_begin(&b, span_str(""), 2, NULL), 0);
		else
			assert_int_equal(wire_versions_begin(&b, 2, NULL), 0);
		append_items(&b, cases[i].ids, cases[i].versions);
		assert_int_equal(read_items(&h, buf_span(&b), 33, &err), cases[i].rc);
	}
}

static int
a_frame(void *ctx, const struct wire_frame *f, struct err *err)
{
	(void)err;
	if (f->kind == WIRE_FRAME_BATCH)
		hear(ctx, "batch %.*s;", SPAN_ARGS(f->prefix));
	else
		hear(ctx, "%u %llu/%u path %u.%u %.*s;", f->kind, (unsigned long long)f->seq,
		     f->index, f->path.n, f->path.n ? f->path.nodes[f->path.n - 1].b[0] : 0,
		     SPAN_ARGS(f->record));
	return 0;
}

static int
read_frames(struct heard *h, struct span all, size_t step, struct err *err)
{
	AUTO(wire_frames_reader_clear) struct wire_frames_reader r;

	wire_frames_reader_init(&r, a_frame, h);
	for (size_t at = 0; at < all.n; at += step)
		if (wire_frames_reader_feed(&r, piece_of(all, at, step), err) < 0)
			return -1;
	return wire_frames_reader_end(&r, err);
}

static void
frames_come_one_by_one_up_to_the_end(void **state)
{
	const struct wire_frame frames[] = {
		{ .kind = WIRE_FRAME_BATCH, .prefix = span_str("prefix") },
		{ .kind = WIRE_FRAME_RECORD,
		  .seq = 7,
		  .index = 0,
		  .record = span_str("record 0"),
		  .path = { 2, { test_hash(1, 1), test_hash(2, 2) } } },
		{ .kind = WIRE_FRAME_RECORD, .seq = 7, .index = 3, .record = span_str("record 3") },
		{ .kind = WIRE_FRAME_GONE, .seq = 8, .index = 1 },
		{ .kind = WIRE_FRAME_END },
	};
	AUTO(buf_clear) struct buf b = BUF_INIT(4096);
	struct heard h = { "", 0 };
	struct err err;

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(frames); i++)
		assert_int_equal(wire_frame_encode(&b, &frames[i], NULL), 0);
	for (size_t step = 1; step <= b.n; step++) {
		h.n = 0;
		assert_int_equal(read_frames(&h, buf_span(&b), step, NULL), 0);
		assert_string_equal(h.text, "batch prefix;2 7/0 path 2.2 record 0;"
					    "2 7/3 path 0.0 record 3;3 8/1 path 0.0 ;");
	}
	for (size_t n = 0; n < b.n; n++) { /* cut anywhere, the end is missing */
		h.n = 0;
		assert_int_equal(read_frames(&h, span_of(b.p, n), 10, &err), -1);
		assert_string_equal(err.msg, "the answer is cut short");
	}
	assert_int_equal(buf_append_byte(&b, 1, NULL), 0);
	h.n = 0;
	assert_int_equal(read_frames(&h, buf_span(&b), 10, &err), -1);
	assert_string_equal(err.msg, "bytes follow the end of the answer");
}

static bool
frames_again(void *ctx, struct span in, struct buf *again)
{
	struct heard h = { "", 0 };

	(void)ctx;
	return read_frames(&h, in, 64, NULL) == 0 && buf_append(again, in, NULL) == 0;
}

static void
changed_frames_never_read_past_their_end(void **state)
{
	const struct wire_frame f = { .kind = WIRE_FRAME_RECORD,
				      .record = span_str("record"),
				      .path = { 1, { test_hash(1, 1) } } };
	const struct wire_frame end = { .kind = WIRE_FRAME_END };
	AUTO(buf_clear) struct buf b = BUF_INIT(4096);

	(void)state;
	assert_int_equal(wire_frame_encode(&b, &f, NULL), 0);
	assert_int_equal(wire_frame_encode(&b, &end, NULL), 0);
	struct mutate_count c = mutate_all(buf_span(&b), frames_again, NULL);
	assert_true(c.refused >= b.n);
	/* limits are refused before anything is held */
	struct heard h = { "", 0 };
	struct err err;
	put_u32(b.p + 14 + 32, RECORD_FRAME_BYTES_MAX + 1);
	assert_int_equal(read_frames(&h, buf_span(&b), 50, &err), -1);
	assert_int_equal(err.code, ERR_FORMAT);
	b.p[13] = MERKLE_PATH_MAX + 1;
	assert_int_equal(read_frames(&h, buf_span(&b), 50, &err), -1);
	b.p[0] = 5;
	assert_int_equal(read_frames(&h, buf_span(&b), 50, &err), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(uploads_are_handed_on_as_they_arrive),
		cmocka_unit_test(downloads_come_object_by_object),
		cmocka_unit_test(lists_come_item_by_item_and_in_order),
		cmocka_unit_test(lists_out_of_order_are_refused),
		cmocka_unit_test(frames_come_one_by_one_up_to_the_end),
		cmocka_unit_test(changed_frames_never_read_past_their_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
