/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "base/bytes.h"
#include "item/recipe.h"

struct found {
	struct range range;
	struct recipe recipe;
	struct buf decoded;
	unsigned n;
};

static int
on_value(void *ctx, struct range range, const struct recipe *recipe, struct span decoded,
	 struct err *err)
{
	struct found *f = ctx;

	f->range = range;
	f->recipe = *recipe;
	f->n++;
	buf_reset(&f->decoded);
	return buf_append(&f->decoded, decoded, err);
}

static const struct {
	const char *card;
	const char *value;   /* the range's bytes; NULL: nothing found */
	const char *decoded; /* NULL: raw, the same */
	const char *recipe;  /* serialised, in hex */
} cases[] = {
	{ "PHOTO;ENCODING=b:QUJDREVG\r\n", "QUJDREVG", "ABCDEF", "0100ffff010000" },
	{ "PHOTO;ENCODING=b:QUJD\r\n REVG\r\n SEk=\r\n", "QUJD\r\n REVG\r\n SEk=", "ABCDEFHI",
	  "010004000400"
	  "0120" },
	{ "PHOTO;ENCODING=b:QUJD\n  REVG\n  SEk=\n", "QUJD\n  REVG\n  SEk=", "ABCDEFHI",
	  "010104000400022020" },
	{ "PHOTO;BASE64:\r\n\tQUJDREVG\r\n\tSEk=\r\n\r\n", "\r\n\tQUJDREVG\r\n\tSEk=", "ABCDEFHI",
	  "0100000008000109" },
	{ "PHOTO;ENCODING=b:QUJD\r\r\n REVG\r\r\n", "QUJD\r\r\n REVG", "ABCDEF",
	  "0103040004000120" },
	{ "PHOTO;ENCODING=b:QUJDREVGSEk\r\n", "QUJDREVGSEk", "ABCDEFHI", "0104ffff010000" },
	{ "PHOTO;ENCODING=b:QUJD\r\n REVG\r\n \r\n", "QUJD\r\n REVG\r\n ", "ABCDEF",
	  "0108040004000120" },
	{ "PHOTO;ENCODING=BASE64:QUJD\r\nREVG\r\n", "QUJD\r\nREVG", "ABCDEF", "01000400040000" },
	{ "PHOTO:data:image/png;base64,QUJD\r\n REVG\r\n", "QUJD\r\n REVG", "ABCDEF",
	  "0100040004000120" },
	{ "PHOTO:data:image/png;base64\\,QUJDREVG\r\n", "QUJDREVG", "ABCDEF", "0100ffff010000" },
	/* no regular base64: raw */
	{ "PHOTO;ENCODING=b:QUJD\r\n RE VG\r\n", "QUJD\r\n RE VG", NULL, "00" },
	{ "PHOTO;ENCODING=b:QUJD\r\n RE\r\n VGSE\r\n", "QUJD\r\n RE\r\n VGSE", NULL, "00" },
	{ "PHOTO;ENCODING=b:QUJDREVG*\r\n", "QUJDREVG*", NULL, "00" },
	{ "PHOTO;ENCODING=b:QUJDREV=QUJD\r\n", "QUJDREV=QUJD", NULL, "00" },
	{ "PHOTO;ENCODING=b:QUJDREVGSEl=\r\n", "QUJDREVGSEl=", NULL, "00" },
	{ "NOTE:a long note\r\n", "a long note", NULL, "00" },
	{ "NOTE:short\r\n", NULL, NULL, NULL },
	{ "BEGIN:VCARD\r\nEND:VCARD\r\n", NULL, NULL, NULL },
};

static void
large_values_are_cut_out_and_written_again(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
		struct found f = { .decoded = BUF_INIT(10000) };
		AUTO(buf_clear) struct buf again = BUF_INIT(10000);
		struct span card = span_str(cases[i].card);
		uint8_t bytes[RECIPE_BYTES_MAX];
		char hex[2 * RECIPE_BYTES_MAX + 1];
		struct recipe back;
		assert_int_equal(recipe_find(card, 7, on_value, &f, NULL), 0);
		assert_int_equal(f.n, cases[i].value != NULL);
		if (!f.n)
			continue;
		struct span value = range_span(card, f.range);
		assert_true(span_equal(value, span_str(cases[i].value)));
		assert_string_equal(buf_str(&f.decoded),
				    cases[i].decoded ? cases[i].decoded : cases[i].value);
		size_t n = recipe_encode(bytes, &f.recipe);
		hex_encode(hex, span_of(bytes, n));
		assert_string_equal(hex, cases[i].recipe);
		assert_int_equal(recipe_decode(&back, span_of(bytes, n), NULL), 0);
		assert_int_equal(recipe_apply(&again, &back, buf_span(&f.decoded), NULL), 0);
		assert_true(span_equal(buf_span(&again), value));
		buf_clear(&f.decoded);
	}
}

static void
damaged_recipes_are_refused(void **state)
{
	static const struct {
		const char *bytes;
		size_t n;
		enum err_code code;
	} bad[] = {
		{ "", 0, ERR_FORMAT },
		{ "\x02", 1, ERR_UNSUPPORTED },
		{ "\0\0", 2, ERR_FORMAT },
		{ "\1\0\4\0\4\0", 6, ERR_FORMAT },
		{ "\1\0\4\0\0\0\0", 7, ERR_FORMAT },   /* later = 0 would never end */
		{ "\1\x10\4\0\4\0\0", 7, ERR_FORMAT }, /* an unknown flag */
		{ "\1\0\4\0\4\0\x09         ", 16, ERR_FORMAT },
		{ "\1\0\4\0\4\0\1x", 8, ERR_FORMAT }, /* an indent that is none */
		{ "\1\0\4\0\4\0\1", 7, ERR_FORMAT },
		{ "\1\0\4\0\4\0\0 ", 8, ERR_FORMAT },
	};

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(bad); i++) {
		struct err err = { 0 };
		struct recipe r;
		assert_int_equal(recipe_decode(&r, span_of(bad[i].bytes, bad[i].n), &err), -1);
		assert_int_equal(err.code, bad[i].code);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(large_values_are_cut_out_and_written_again),
		cmocka_unit_test(damaged_recipes_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
