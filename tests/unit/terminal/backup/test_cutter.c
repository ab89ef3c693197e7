/* SPDX-License-Identifier: Apache-2.0 */
/* cutter: whatever is cut out of an item, its payload puts the very bytes together again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "apps/apps.h"
#include "backup/cutter.h"
#include "format/record.h"
#include "live.h"

#define CHUNKS_MAX 4096

/* An item's chunks and payload. */
struct cut {
	struct buf chunks[CHUNKS_MAX];
	enum chunk_class classes[CHUNKS_MAX];
	uint32_t n;
	struct buf payload;
	uint8_t class;
	uint8_t content[BOX_HASH_BYTES];
};

static struct device_keys *keys;

static void
cut_clear(struct cut *c)
{
	for (uint32_t i = 0; i < c->n; i++)
		buf_clear(&c->chunks[i]);
	buf_clear(&c->payload);
}

static void
cut(struct cut *c, struct app_session *s, const struct app_place *place, enum chunk_class class)
{
	struct cutter *cutter = NULL;
	struct content content;
	struct err err = { 0 };
	struct span plain;
	int rc;

	*c = (struct cut){ .payload = BUF_INIT(1u << 20) };
	content_init(&content, keys);
	if (cutter_open(&cutter, s, place, class, &content, &err) != 0)
		fail_msg("%s", err.msg);
	while ((rc = cutter_next(cutter, &c->classes[c->n], &plain, &err)) == 0) {
		assert_true(c->n < CHUNKS_MAX - 1);
		assert_true(plain.n > 0 && plain.n <= CHUNK_PLAIN_BYTES_MAX);
		c->chunks[c->n] = (struct buf)BUF_INIT(CHUNK_PLAIN_BYTES_MAX);
		assert_int_equal(buf_append(&c->chunks[c->n++], plain, &err), 0);
	}
	assert_int_equal(rc, CHUNK_END);
	content_final(&content, c->content);
	assert_int_equal(cutter_payload(&c->payload, cutter, &err), 0);
	c->class = cutter_class(cutter);
	cutter_free(cutter);
}

static int
chunk_of(void *ctx, uint32_t i, struct span *plain, struct err *err)
{
	struct cut *c = ctx;

	(void)err;
	assert_true(i < c->n);
	*plain = buf_span(&c->chunks[i]);
	return 0;
}

static int
encode(void *ctx, struct span recipe, struct span decoded, struct buf *out, struct err *err)
{
	struct recipe r;

	(void)ctx;
	if (recipe_decode(&r, recipe, err) < 0)
		return -1;
	return recipe_apply(out, &r, decoded, err);
}

/* The item comes together again, twice cut it is the same, and its record stays small. */
static void
comes_together(struct app_session *s, const struct app_place *place, enum chunk_class class,
	       struct cut *c)
{
	AUTO(buf_clear) struct buf original = BUF_INIT(64u << 20);
	AUTO(buf_clear) struct buf again = BUF_INIT(64u << 20);
	struct payload_source source = { c, chunk_of, encode };
	struct payload_sink sink = { &again, payload_to_buf };
	struct cut *second = calloc(1, sizeof *second);
	uint8_t hash[BOX_HASH_BYTES];
	struct err err = { 0 };

	assert_non_null(second);
	cut(c, s, place, class);
	assert_int_equal(item_read_all(&original, s, place, &err), 0);
	if (payload_assemble(buf_span(&c->payload), place->size, c->n, &source, &sink, &err) < 0)
		fail_msg("%s", err.msg);
	assert_int_equal(again.n, original.n);
	assert_true(span_equal(buf_span(&again), buf_span(&original)));
	assert_true(c->payload.n <= RECORD_PAYLOAD_INLINE + 16 * c->n + 1024);

	cut(second, s, place, class);
	assert_int_equal(second->n, c->n);
	for (uint32_t i = 0; i < c->n; i++)
		assert_true(span_equal(buf_span(&second->chunks[i]), buf_span(&c->chunks[i])));
	content_of(hash, keys, buf_span(&original));
	assert_memory_equal(hash, c->content, sizeof hash);
	assert_memory_equal(hash, second->content, sizeof hash);
	cut_clear(second);
	free(second);
}

/* One file in a folder of its own, and its first item. */
struct place {
	struct live_folder folder;
	struct app *app;
	struct app_session *session;
	struct app_place item;
	char source[64];
};

static int
note_place(void *ctx, const struct app_item *item, struct err *err)
{
	struct place *p = ctx;

	(void)err;
	p->item = item->place;
	snprintf(p->source, sizeof p->source, "%s", item->place.source);
	p->item.source = p->source;
	return 0;
}

static int
read_source(void *ctx, const struct app_source *source, struct err *err)
{
	struct place *p = ctx;

	return p->session->adapter->read_source(p->session, source, note_place, NULL, p, err);
}

static void
place_make(struct place *p, const char *adapter, const char *file, struct span bytes)
{
	char path[2 * LIVE_PATH_MAX];
	struct err err = { 0 };
	FILE *f;

	*p = (struct place){ 0 };
	live_folder_make(&p->folder);
	snprintf(path, sizeof path, "%s/%s", p->folder.path, file);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(bytes.p, 1, bytes.n, f), bytes.n);
	fclose(f);
	if (app_new(&p->app, "things", adapter, p->folder.path, &err) < 0 ||
	    app_session_open(&p->session, p->app, &err) < 0 ||
	    p->session->adapter->sources(p->session, read_source, NULL, p, &err) < 0)
		fail_msg("%s", err.msg);
	assert_true(p->source[0] != 0);
}

static void
place_clear(struct place *p)
{
	app_session_free(p->session);
	app_free(p->app);
	live_folder_remove(&p->folder);
}

/* A card around @n_lines lines that @line makes. */
static void
card(struct buf *out, void (*line)(struct buf *out, unsigned i), unsigned n_lines)
{
	assert_int_equal(
		buf_append_str(out, "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:u\r\nFN:A\r\n", NULL), 0);
	for (unsigned i = 0; i < n_lines; i++)
		line(out, i);
	assert_int_equal(buf_append_str(out, "END:VCARD\r\n", NULL), 0);
}

static void
photo_line(struct buf *out, unsigned i)
{
	buf_append_str(out, "PHOTO;ENCODING=b;TYPE=JPEG:", NULL);
	for (unsigned k = 0; k < 3000; k++)
		buf_append_fmt(out, NULL, "%sAB%c%c", k && k % 18 == 0 ? "\r\n " : "",
			       'a' + (int)(k * 7 % 26), 'A' + (int)((k + i) % 26));
	buf_append_str(out, "\r\n", NULL);
}

/* Base64 with a fold where no encoder puts one: only its raw bytes will do. */
static void
odd_photo_line(struct buf *out, unsigned i)
{
	(void)i;
	buf_append_str(out, "PHOTO;ENCODING=b:AB\r\n CD\r\n  ", NULL);
	for (unsigned k = 0; k < 1000; k++)
		buf_append_str(out, k % 97 == 5 ? "AB\r\n CD" : "ABCD", NULL);
	buf_append_str(out, "\r\n", NULL);
}

static void
note_line(struct buf *out, unsigned i)
{
	(void)i;
	buf_append_str(out, "NOTE:", NULL);
	for (unsigned k = 0; k < 900; k++)
		buf_append_str(out, "violin\\, ", NULL);
	buf_append_str(out, "\r\n", NULL);
}

static void
tel_line(struct buf *out, unsigned i)
{
	buf_append_fmt(out, NULL, "TEL;TYPE=CELL:+49 30 %06u\r\n", i);
}

static void
any_card_comes_together_again(void **state)
{
	static const struct {
		const char *what;
		void (*line)(struct buf *out, unsigned i);
		unsigned n_lines, n_chunks;
		bool longer; /* the record holds more than the chunks' places */
	} cases[] = {
		{ "nothing large", tel_line, 3, 0, true },
		{ "a photo", photo_line, 1, 1, true },
		{ "three photos", photo_line, 3, 3, true },
		{ "a photo folded oddly", odd_photo_line, 1, 1, true },
		{ "a long note", note_line, 1, 1, true },
		{ "thousands of numbers", tel_line, 4000, 1, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		AUTO(buf_clear) struct buf text = BUF_INIT(8u << 20);
		struct cut *c = calloc(1, sizeof *c);
		struct place p;

		assert_non_null(c);
		card(&text, cases[i].line, cases[i].n_lines);
		place_make(&p, "vcard", "a.vcf", buf_span(&text));
		comes_together(p.session, &p.item, CHUNK_MEDIA, c);
		if (c->n != cases[i].n_chunks)
			fail_msg("%s: %u chunks", cases[i].what, c->n);
		for (uint32_t k = 0; k < c->n; k++)
			assert_int_equal(c->classes[k], CHUNK_VALUE);
		assert_int_equal(c->class, 0);
		cut_clear(c);
		free(c);
		place_clear(&p);
	}
}

static void
a_photo_is_cut_out_decoded(void **state)
{
	AUTO(buf_clear) struct buf text = BUF_INIT(1u << 20);
	struct cut *c = calloc(1, sizeof *c);
	struct place p;

	(void)state;
	assert_non_null(c);
	card(&text, photo_line, 1);
	place_make(&p, "vcard", "a.vcf", buf_span(&text));
	comes_together(p.session, &p.item, CHUNK_MEDIA, c);
	assert_int_equal(c->n, 1);
	assert_int_equal(c->chunks[0].n, 3000 * 3);
	cut_clear(c);
	free(c);
	place_clear(&p);
}

static void
files_are_cut_by_class_from_32_kib_on(void **state)
{
	static const struct {
		size_t bytes;
		enum chunk_class class;
		uint32_t n_chunks;
	} cases[] = {
		{ 0, CHUNK_MEDIA, 0 },
		{ RECORD_PAYLOAD_INLINE, CHUNK_MEDIA, 0 },
		{ RECORD_PAYLOAD_INLINE + 1, CHUNK_MEDIA, 1 },
		{ CHUNK_PLAIN_BYTES_MAX, CHUNK_MEDIA, 1 },
		{ CHUNK_PLAIN_BYTES_MAX + 1, CHUNK_MEDIA, 2 },
		{ CHUNK_PLAIN_BYTES_MAX + 1, CHUNK_DATABASE, 17 },
	};
	uint8_t *bytes = malloc(CHUNK_PLAIN_BYTES_MAX + 1);

	(void)state;
	assert_non_null(bytes);
	for (size_t i = 0; i <= CHUNK_PLAIN_BYTES_MAX; i++)
		bytes[i] = (uint8_t)(i * 2654435761u >> 13);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct cut *c = calloc(1, sizeof *c);
		struct place p;

		assert_non_null(c);
		place_make(&p, "files", "a.bin", span_of(bytes, cases[i].bytes));
		comes_together(p.session, &p.item, cases[i].class, c);
		assert_int_equal(c->n, cases[i].n_chunks);
		assert_int_equal(c->class, c->n ? cases[i].class : 0);
		cut_clear(c);
		free(c);
		place_clear(&p);
	}
	free(bytes);
}

static void
a_file_that_changed_gives_no_chunks(void **state)
{
	AUTO(buf_clear) struct buf text = BUF_INIT(1u << 20);
	struct cutter *c = NULL;
	struct err err = { 0 };
	struct place p;

	(void)state;
	card(&text, tel_line, 3);
	place_make(&p, "files", "a.bin", buf_span(&text));
	live_write(p.folder.path, "a.bin", "something else");
	assert_int_equal(cutter_open(&c, p.session, &p.item, CHUNK_MEDIA, NULL, &err),
			 CUTTER_MOVED);
	assert_null(c);
	place_clear(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_card_comes_together_again),
		cmocka_unit_test(a_photo_is_cut_out_decoded),
		cmocka_unit_test(files_are_cut_by_class_from_32_kib_on),
		cmocka_unit_test(a_file_that_changed_gives_no_chunks),
	};
	struct secret *root = NULL;
	struct err err;
	int rc;

	if (crypto_init(&err) < 0 || secret_new_random(&root, &err) < 0 ||
	    device_keys_new(&keys, root, &err) < 0)
		return 1;
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	device_keys_free(keys);
	secret_free(root);
	return rc;
}
