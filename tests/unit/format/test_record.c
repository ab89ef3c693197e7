/* SPDX-License-Identifier: Apache-2.0 */
#define ZSTD_STATIC_LINKING_ONLY
#include "format/record.h"

#include <dirent.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <zstd.h>

#include "fixture.h"
#include "format/dict.h"
#include "format/padding.h"
#include "mutate.h"
#include "os/os.h"

static struct record_packer *packer;
static struct record_unpacker *unpacker;

static int
set_up(void **state)
{
	if (test_crypto_init(state) < 0)
		return -1;
	return record_packer_new(&packer, NULL) < 0 ? -1 : record_unpacker_new(&unpacker, NULL);
}

static int
tear_down(void **state)
{
	(void)state;
	record_packer_free(packer);
	record_unpacker_free(unpacker);
	return 0;
}

static const char card[] = "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:8a1f\r\nN:Schmidt;Anna;;;\r\n"
			   "FN:Anna Schmidt\r\nTEL;TYPE=CELL:+49 170 1234567\r\n"
			   "EMAIL;TYPE=HOME:anna@example.org\r\nEND:VCARD\r\n";

/* A contact; @literal holds its payload. */
static struct record
contact(struct buf *payload)
{
	buf_reset(payload);
	assert_int_equal(buf_append_byte(payload, 0, NULL), 0);
	assert_int_equal(buf_append_byte(payload, (sizeof card - 1) | 0x80, NULL), 0);
	assert_int_equal(buf_append_byte(payload, (sizeof card - 1) >> 7, NULL), 0);
	assert_int_equal(buf_append_str(payload, card, NULL), 0);
	return (struct record){
		.app = span_str("contacts"),
		.native_id = span_str("8a1f"),
		.live = true,
		.name = span_str("Anna Schmidt"),
		.mime = span_str("text/vcard"),
		.size_bytes = sizeof card - 1,
		.path = span_str("family.vcf"),
		.has_modified = true,
		.modified_unix_ms = 1700000000123,
		.payload = buf_span(payload),
	};
}

static void
assert_same_record(const struct record *a, const struct record *b)
{
	assert_true(span_equal(a->app, b->app));
	assert_true(span_equal(a->native_id, b->native_id));
	assert_int_equal(a->live, b->live);
	assert_true(span_equal(a->name, b->name));
	assert_true(span_equal(a->mime, b->mime));
	assert_int_equal(a->size_bytes, b->size_bytes);
	assert_true(span_equal(a->path, b->path));
	assert_int_equal(a->has_modified, b->has_modified);
	assert_int_equal(a->modified_unix_ms, b->modified_unix_ms);
	assert_true(span_equal(a->payload, b->payload));
	assert_true(span_equal(a->chunks, b->chunks));
	assert_true(span_equal(a->lists, b->lists));
	assert_true(span_equal(a->taken, b->taken));
	assert_true(span_equal(a->unknown, b->unknown));
}

static bool
fields_again(void *ctx, struct span in, struct buf *again)
{
	struct record r;

	(void)ctx;
	return record_fields_decode(&r, in, NULL) == 0 &&
	       record_fields_encode(again, &r, NULL) == 0;
}

static void
changed_fields_are_refused_or_mean_what_they_say(void **state)
{
	AUTO(buf_clear) struct buf payload = BUF_INIT(1024), b = BUF_INIT(4096);
	struct record r = contact(&payload);

	(void)state;
	r.chunks = span_str("any bytes are chunks here");
	r.taken = span_str("2019-07-04T12:30:05+02:00");
	r.unknown = span_str("\x20\x03new");
	assert_int_equal(record_fields_encode(&b, &r, NULL), 0);
	struct mutate_count c = mutate_all(buf_span(&b), fields_again, NULL);
	assert_true(c.refused > b.n && c.lived > b.n);
}

static void
fields_out_of_order_or_twice_or_foreign_are_refused(void **state)
{
	static const struct {
		const char *bytes, *message;
	} cases[] = {
		{ "\2\1x\1\1y", "field 1 of a record is out of order" },
		{ "\1\1y\1\1y", "field 1 of a record is out of order" },
		{ "\1\1y", "a record without a proper app and native id" },
		{ "\2\1y", "a record without a proper app and native id" },
		{ "\1\1y\2\1x\3\1n", "a tombstone with more than app and native id" },
		{ "\1\1y\2\1x\5\1\1\6\1x", "field 6 of a record is not well formed" },
		{ "\1\1y\2\1x\5\1\1\7\1x", "field 7 of a record is not well formed" },
		{ "\1\1y\2\1x\5\2\x80\1\7", "the fields of a record are cut short" },
		{ "\1\1y\2\1x\5\1\1\11\1c\12\1l", "a record with both chunks and chunk lists" },
		{ "\1\1y\2\1x\5\1\1\x81\x7f", "the fields of a record are cut short" },
	};

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
		struct record r;
		struct err err;

		assert_int_equal(record_fields_decode(&r, span_str(cases[i].bytes), &err), -1);
		assert_string_equal(err.msg, cases[i].message);
		assert_int_equal(err.code, ERR_FORMAT);
	}
}

static void
when_a_picture_was_taken_comes_back(void **state)
{
	AUTO(buf_clear) struct buf payload = BUF_INIT(1024), b = BUF_INIT(4096);
	struct record r = contact(&payload), got;
	char longest[66];

	(void)state;
	r.taken = span_str("2019-07-04T12:30:05+02:00");
	assert_int_equal(record_fields_encode(&b, &r, NULL), 0);
	assert_int_equal(record_fields_decode(&got, buf_span(&b), NULL), 0);
	assert_same_record(&got, &r);
	memset(longest, '0', sizeof longest);
	r.taken = span_of(longest, 65);
	assert_int_equal(record_fields_encode(&b, &r, NULL), -1);
	b.p[b.n - 26] = 65; /* the field's length, and bytes to match */
	assert_int_equal(buf_append(&b, span_of(longest, 40), NULL), 0);
	assert_int_equal(record_fields_decode(&got, buf_span(&b), NULL), -1);
}

static void
a_path_equal_to_the_native_id_is_left_out(void **state)
{
	AUTO(buf_clear) struct buf b = BUF_INIT(256);
	struct record r = { .app = span_str("documents"),
			    .native_id = span_str("a/b.txt"),
			    .live = true,
			    .path = span_str("a/b.txt") },
		      got;

	(void)state;
	assert_int_equal(record_fields_encode(&b, &r, NULL), 0);
	assert_int_equal(record_fields_decode(&got, buf_span(&b), NULL), 0);
	assert_int_equal(got.path.n, 0);
	assert_true(span_equal(record_path(&got), r.path));
	assert_true(got.live);
	assert_int_equal(got.size_bytes, 0);
}

static void
a_packed_record_comes_back_and_is_small(void **state)
{
	AUTO(buf_clear)
	struct buf payload = BUF_INIT(1024), plain = BUF_INIT(RECORD_PLAIN_BYTES_MAX);
	struct record r = contact(&payload), got;

	(void)state;
	assert_int_equal(record_pack(packer, &plain, &r, false, NULL), 0);
	assert_true(is_padded_size(plain.n));
	assert_int_equal(plain.p[0], 1);
	assert_int_equal(plain.p[1], RECORD_ZSTD_DICTIONARY);
	assert_int_equal(plain.n, 128); /* stored it takes 256 */
	assert_int_equal(record_unpack(unpacker, &got, buf_span(&plain), NULL), 0);
	assert_same_record(&got, &r);
}

static void
mixed_text_is_stored_so_that_its_size_tells_nothing(void **state)
{
	AUTO(buf_clear)
	struct buf payload = BUF_INIT(1024), plain = BUF_INIT(RECORD_PLAIN_BYTES_MAX);
	struct record r = contact(&payload), got;

	(void)state;
	assert_int_equal(record_pack(packer, &plain, &r, true, NULL), 0);
	assert_int_equal(plain.p[1], RECORD_STORED);
	assert_int_equal(plain.n, 256);
	assert_int_equal(record_unpack(unpacker, &got, buf_span(&plain), NULL), 0);
	assert_same_record(&got, &r);
}

static void
a_tombstone_fills_the_smallest_size(void **state)
{
	AUTO(buf_clear) struct buf plain = BUF_INIT(RECORD_PLAIN_BYTES_MAX);
	struct record r = { .app = span_str("contacts"), .native_id = span_str("8a1f") }, got;
	struct err err;

	(void)state;
	assert_int_equal(record_pack(packer, &plain, &r, false, NULL), 0);
	assert_int_equal(plain.n, 64);
	assert_int_equal(record_unpack(unpacker, &got, buf_span(&plain), NULL), 0);
	assert_false(got.live);
	assert_same_record(&got, &r);
	r.name = span_str("Anna");
	assert_int_equal(record_pack(packer, &plain, &r, false, &err), -1);
	assert_int_equal(err.code, ERR_USAGE);
}

/* Packing is not unique, so what a changed record decodes to must only be sound. */
static bool
unpack_soundly(void *ctx, struct span in, struct buf *again)
{
	AUTO(buf_clear) struct buf fields = BUF_INIT(RECORD_FIELDS_BYTES_MAX);
	struct record r, second;

	(void)ctx;
	if (record_unpack(unpacker, &r, in, NULL) < 0)
		return false;
	assert_int_equal(record_fields_encode(&fields, &r, NULL), 0);
	assert_int_equal(record_fields_decode(&second, buf_span(&fields), NULL), 0);
	assert_same_record(&r, &second);
	return buf_append(again, in, NULL) == 0;
}

static void
a_changed_record_is_refused_or_sound(void **state)
{
	AUTO(buf_clear)
	struct buf payload = BUF_INIT(1024), plain = BUF_INIT(RECORD_PLAIN_BYTES_MAX);
	struct record r = contact(&payload);

	(void)state;
	for (int mixed = 0; mixed <= 1; mixed++) {
		buf_reset(&plain);
		assert_int_equal(record_pack(packer, &plain, &r, mixed, NULL), 0);
		struct mutate_count c = mutate_all(buf_span(&plain), unpack_soundly, NULL);
		assert_true(c.refused > plain.n);
	}
}

static void
a_record_that_is_too_large_is_refused_by_name(void **state)
{
	AUTO(buf_clear) struct buf payload = BUF_INIT(RECORD_FIELDS_BYTES_MAX + 100);
	AUTO(buf_clear) struct buf plain = BUF_INIT(2 * RECORD_PLAIN_BYTES_MAX);
	struct record r = { .app = span_str("a"), .native_id = span_str("b"), .live = true };
	struct err err;
	uint8_t *at;

	(void)state;
	/* 13 bytes of other fields and of this one's tag and length */
	assert_int_equal(buf_extend(&payload, RECORD_FIELDS_BYTES_MAX - 13, &at, NULL), 0);
	randombytes_buf(at, payload.n);
	r.payload = buf_span(&payload);
	assert_int_equal(record_pack(packer, &plain, &r, true, &err), -1);
	assert_int_equal(err.code, ERR_LIMIT);
	assert_int_equal(plain.n, 0);
	r.payload.n -= RECORD_HEADER_BYTES;
	assert_int_equal(record_pack(packer, &plain, &r, true, &err), 0);
	assert_int_equal(plain.n, RECORD_PLAIN_BYTES_MAX);
	/* fields at their own limit fit where they can be packed */
	memset(at, 'x', payload.n);
	r.payload = buf_span(&payload);
	buf_reset(&plain);
	assert_int_equal(record_pack(packer, &plain, &r, false, &err), 0);
	assert_int_equal(record_unpack(unpacker, &r, buf_span(&plain), &err), 0);
	assert_int_equal(buf_append_byte(&payload, 'x', NULL), 0);
	r.payload = buf_span(&payload);
	buf_reset(&plain);
	assert_int_equal(record_pack(packer, &plain, &r, false, &err), -1);
	assert_string_equal(err.msg, "a record of 65537 bytes, where 65536 are allowed: its "
				     "content belongs into chunks");
}

/* A record's plaintext with any header and packed bytes. */
static void
forge(struct buf *plain, uint8_t coding, size_t n_fields, struct span packed)
{
	uint8_t h[RECORD_HEADER_BYTES] = { 1, coding };

	if (coding == RECORD_ZSTD_DICTIONARY)
		memcpy(h + 2, dicts[0].tag, DICT_TAG_BYTES);
	for (int i = 0; i < 3; i++) {
		h[6 + i] = (uint8_t)(n_fields >> (8 * i));
		h[9 + i] = (uint8_t)(packed.n >> (8 * i));
	}
	buf_reset(plain);
	assert_int_equal(buf_append(plain, SPAN_ARRAY(h), NULL), 0);
	assert_int_equal(buf_append(plain, packed, NULL), 0);
	assert_int_equal(pad_buf(plain, 0, NULL), 0);
}

/* One magicless frame without stored size; @window_log as asked. */
static size_t
compress(uint8_t *out, size_t max, struct span in, int window_log, int checksum, int size)
{
	ZSTD_CCtx *c = ZSTD_createCCtx();

	assert_non_null(c);
	ZSTD_CCtx_setParameter(c, ZSTD_c_format, ZSTD_f_zstd1_magicless);
	ZSTD_CCtx_setParameter(c, ZSTD_c_contentSizeFlag, size);
	ZSTD_CCtx_setParameter(c, ZSTD_c_checksumFlag, checksum);
	ZSTD_CCtx_setParameter(c, ZSTD_c_windowLog, window_log);
	ZSTD_inBuffer i = { in.p, in.n, 0 };
	ZSTD_outBuffer o = { out, max, 0 };
	/* two calls, so that the window is not made smaller to fit */
	assert_false(ZSTD_isError(ZSTD_compressStream2(c, &o, &i, ZSTD_e_continue)));
	assert_int_equal(ZSTD_compressStream2(c, &o, &i, ZSTD_e_end), 0);
	ZSTD_freeCCtx(c);
	return o.pos;
}

static void
other_frames_are_refused_before_memory_is_taken(void **state)
{
	static const uint8_t fields[] = { 1, 1, 'a', 2, 1, 'b' };
	AUTO(buf_clear) struct buf plain = BUF_INIT(RECORD_PLAIN_BYTES_MAX);
	AUTO(free) uint8_t *bomb = calloc(1, 64u << 20);
	uint8_t packed[60000];
	struct record r;
	struct err err;

	(void)state;
	assert_non_null(bomb);
#define EXPECT(rc, n_fields, n)                                                                    \
	do {                                                                                       \
		forge(&plain, RECORD_ZSTD, (n_fields), span_of(packed, (n)));                      \
		assert_int_equal(record_unpack(unpacker, &r, buf_span(&plain), &err), (rc));       \
		assert_true((rc) == 0 || err.code == ERR_FORMAT);                                  \
	} while (0)
	struct span in = SPAN_ARRAY(fields);
	size_t n = compress(packed, sizeof packed, in, 17, 0, 0);
	EXPECT(0, sizeof fields, n); /* coding 1 is read, though never written */
	assert_true(span_equal(r.native_id, span_str("b")));
	EXPECT(-1, sizeof fields + 1, n); /* says more than it holds */
	EXPECT(-1, sizeof fields - 1, n);
	n += compress(packed + n, sizeof packed - n, in, 17, 0, 0);
	EXPECT(-1, 2 * sizeof fields, n); /* two frames */
	n = compress(packed, sizeof packed, in, 18, 0, 0);
	EXPECT(-1, sizeof fields, n); /* a window over 128 KiB */
	n = compress(packed, sizeof packed, in, 17, 1, 0);
	EXPECT(-1, sizeof fields, n); /* a checksum */
	n = compress(packed, sizeof packed, span_of(bomb, 64u << 20), 17, 0, 0);
	EXPECT(-1, 65536, n); /* 64 MiB of zeros that say they are 64 KiB */
	EXPECT(-1, 65537, n); /* more than any record has */
#undef EXPECT
}

static void
an_unknown_version_coding_or_dictionary_is_named(void **state)
{
	AUTO(buf_clear)
	struct buf payload = BUF_INIT(1024), plain = BUF_INIT(RECORD_PLAIN_BYTES_MAX);
	struct record r = contact(&payload), got;
	struct err err;

	(void)state;
	assert_int_equal(record_pack(packer, &plain, &r, false, NULL), 0);
	plain.p[0] = 2;
	assert_int_equal(record_unpack(unpacker, &got, buf_span(&plain), &err), -1);
	assert_int_equal(err.code, ERR_UNSUPPORTED);
	assert_string_equal(err.msg, "a record of the unknown version 2");
	plain.p[0] = 1;
	plain.p[1] = 3;
	assert_int_equal(record_unpack(unpacker, &got, buf_span(&plain), &err), -1);
	assert_string_equal(err.msg, "a record with the unknown coding 3");
	plain.p[1] = 2;
	memset(plain.p + 2, 0xee, 4);
	assert_int_equal(record_unpack(unpacker, &got, buf_span(&plain), &err), -1);
	assert_string_equal(err.msg, "a record is packed with the unknown dictionary eeeeeeee");
	assert_int_equal(err.code, ERR_UNSUPPORTED);
}

static void
dictionaries_have_the_tags_of_their_bytes(void **state)
{
	(void)state;
	for (size_t i = 0; i < n_dicts; i++) {
		uint8_t hash[32];

		crypto_generichash(hash, sizeof hash, dicts[i].bytes.p, dicts[i].bytes.n, NULL, 0);
		assert_memory_equal(hash, dicts[i].tag, DICT_TAG_BYTES);
		assert_int_equal(dict_by_tag(dicts[i].tag), i);
		assert_true(dicts[i].bytes.n >= 8192 && dicts[i].bytes.n <= 16384);
	}
	assert_int_equal(dict_by_tag((const uint8_t *)"none"), n_dicts);
	assert_string_equal(dicts[dict_for_mime(span_str("text/vcard"))].name, "contacts-1");
	assert_string_equal(dicts[dict_for_mime(span_str("image/jpeg"))].name, "items-1");
}

/* Pack, unpack and compare one real file as an item's payload. */
static void
try_file(int folder, const char *name, size_t *n, size_t *raw, size_t *packed)
{
	AUTO(buf_clear) struct buf file = BUF_INIT(30000), plain = BUF_INIT(RECORD_PLAIN_BYTES_MAX);
	struct record r = { .app = span_str("contacts"),
			    .native_id = span_str(name),
			    .live = true,
			    .mime = span_str("text/vcard") },
		      got;

	if (os_read_file(folder, name, &file, NULL) < 0)
		return; /* larger than a record takes, or a folder */
	r.size_bytes = file.n;
	r.payload = buf_span(&file);
	assert_int_equal(record_pack(packer, &plain, &r, false, NULL), 0);
	assert_int_equal(record_unpack(unpacker, &got, buf_span(&plain), NULL), 0);
	assert_same_record(&got, &r);
	*raw += file.n;
	*packed += plain.n;
	++*n;
}

static void
real_cards_come_back_from_their_records(void **state)
{
	const char *corpus = getenv("CLOUDBOX_CORPUS");
	char path[4096];
	size_t n = 0, raw = 0, packed = 0;

	(void)state;
	snprintf(path, sizeof path, "%s/contacts", corpus ? corpus : "");
	DIR *top = corpus ? opendir(path) : NULL;
	if (!top) {
		print_message("skipped: CLOUDBOX_CORPUS names no corpus with contacts\n");
		skip();
	}
	for (struct dirent *d; (d = readdir(top));) {
		int fd = openat(dirfd(top), d->d_name, O_RDONLY | O_DIRECTORY);
		DIR *sub = fd < 0 || d->d_name[0] == '.' ? NULL : fdopendir(fd);

		if (!sub) {
			if (fd >= 0)
				close(fd);
			try_file(dirfd(top), d->d_name, &n, &raw, &packed);
			continue;
		}
		for (struct dirent *e; (e = readdir(sub));)
			try_file(dirfd(sub), e->d_name, &n, &raw, &packed);
		closedir(sub);
	}
	closedir(top);
	print_message("%zu files, %zu bytes, as records %zu\n", n, raw, packed);
	assert_true(n > 0 && packed < raw);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(changed_fields_are_refused_or_mean_what_they_say),
		cmocka_unit_test(fields_out_of_order_or_twice_or_foreign_are_refused),
		cmocka_unit_test(when_a_picture_was_taken_comes_back),
		cmocka_unit_test(a_path_equal_to_the_native_id_is_left_out),
		cmocka_unit_test(a_packed_record_comes_back_and_is_small),
		cmocka_unit_test(mixed_text_is_stored_so_that_its_size_tells_nothing),
		cmocka_unit_test(a_tombstone_fills_the_smallest_size),
		cmocka_unit_test(a_changed_record_is_refused_or_sound),
		cmocka_unit_test(a_record_that_is_too_large_is_refused_by_name),
		cmocka_unit_test(other_frames_are_refused_before_memory_is_taken),
		cmocka_unit_test(an_unknown_version_coding_or_dictionary_is_named),
		cmocka_unit_test(dictionaries_have_the_tags_of_their_bytes),
		cmocka_unit_test(real_cards_come_back_from_their_records),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
