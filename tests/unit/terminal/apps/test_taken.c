/* SPDX-License-Identifier: Apache-2.0 */
#include "temp.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "apps/apps.h"
#include "apps/taken.h"

static struct buf bytes = BUF_INIT(64u << 20);
static size_t most_read;

static bool
read_bytes_at(void *ctx, uint64_t at, uint8_t *out, size_t n)
{
	(void)ctx;
	assert_true(at <= bytes.n && n <= bytes.n - at);
	most_read += n;
	memcpy(out, bytes.p + at, n);
	return true;
}

static const char *
taken(void)
{
	static char out[APP_TAKEN_BYTES];
	struct taken_file f = { .read = read_bytes_at, .size = bytes.n };

	most_read = 0;
	memset(out, '#', sizeof out);
	taken_of(out, &f);
	assert_true(taken_is_valid(span_str(out)));
	assert_true(most_read <= (size_t)TAKEN_WINDOWS_MAX * TAKEN_WINDOW_BYTES);
	return out;
}

static void
load(const char *path)
{
	FILE *f = fopen(path, "rb");
	uint8_t *p;
	struct err err = { 0 };

	assert_non_null(f);
	buf_reset(&bytes);
	fseek(f, 0, SEEK_END);
	size_t n = (size_t)ftell(f);
	rewind(f);
	assert_int_equal(buf_extend(&bytes, n, &p, &err), 0);
	assert_int_equal(fread(p, 1, n, f), n);
	fclose(f);
}

/* As the files' Exif and movie headers have it. */
static void
real_pictures_and_films_say_when_they_were_taken(void **state)
{
	static const struct {
		const char *file, *taken;
	} cases[] = {
		{ "jpg/Apple_iPhone_4.jpg", "2011-01-13T14:33:39" },
		{ "jpg/HTC_Desire.jpg", "2011-05-06T09:59:48" },
		{ "jpg/HTC_TyTN_II.jpg", "2008-03-18T16:08:26" },
		{ "jpg/Nokia_3110c__Mobile_Phone_.jpg", "" },
		{ "jpg/Samsung_GT-I9000__Galaxy_S_.jpg", "2011-04-02T18:30:10" },
		{ "jpg/Samsung_SM-J327T1.jpg", "2019-09-26T16:38:00" },
		{ "heic/IMG_2927.HEIC", "2020-05-04T18:39:11-04:00" },
		{ "heic/exif-at-eof.heic", "2020-05-04T18:39:11-04:00" },
		{ "heic/cheers_1440x960.heic", "" },
		{ "heic/NegativeArraySizeException.ItemInfoBox.init.heif", "" },
		{ "heic/IllegalArgumentException.HeifReader.processBoxes.heif", "" },
		{ "avif/Issue_649.avif", "2015-10-11T14:41:44" },
		{ "webp/HTC_Desire.webp", "2011-05-06T09:59:48" },
		{ "webp/Animation_Lossless.webp", "" },
		{ "png/invalid-iCCP-missing-adler32-checksum.png", "" },
		{ "mp4/with-gps.mp4", "2017-02-22T08:20:28Z" },
		{ "mp4/ftyp3gp5.mp4", "2020-10-23T20:27:29Z" },
		{ "mov/with-gps.mov", "2019-07-24T08:25:57Z" },
		{ "gif/Issue_201.gif", "" },
		{ "mp3/chirp-1.mp3", "" },
	};

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
		char path[600];

		snprintf(path, sizeof path, "%s/%s", corpus("media/metadata-extractor-images"),
			 cases[i].file);
		load(path);
		const char *at = taken();
		if (strcmp(at, cases[i].taken) != 0)
			fail_msg("%s: \"%s\"", cases[i].file, at);
	}
}

static void
most_pictures_take_one_read_of_4_kib(void **state)
{
	char path[600];

	(void)state;
	snprintf(path, sizeof path, "%s/jpg/Apple_iPhone_4.jpg",
		 corpus("media/metadata-extractor-images"));
	load(path);
	taken();
	assert_int_equal(most_read, 4096);
}

/* A JPEG of which only the Exif is there, big-endian, as a camera writes it. */
static void
make_picture(const char *time, const char *offset)
{
	static const uint8_t
		head[] = { 0xFF, 0xD8, 0xFF, 0xE1, 0, 110, 'E', 'x', 'i',  'f',  0, 0, /* */
			   'M',  'M',  0,    42,   0, 0,   0,   8,                     /* TIFF */
			   0,    1,    0x87, 0x69, 0, 4,   0,   0,   0,    1,    0, 0,
			   0,    26,   0,    0,    0, 0,   0,   2,   0x90, 0x03, 0, 2,
			   0,    0,    0,    20,   0, 0,   0,   56, /* at 26 */
			   0x90, 0x11, 0,    2,    0, 0,   0,   7,   0,    0,    0, 76,
			   0,    0,    0,    0 };
	uint8_t *p;
	struct err err = { 0 };

	buf_reset(&bytes);
	assert_int_equal(buf_append(&bytes, SPAN_ARRAY(head), &err), 0);
	assert_int_equal(buf_extend(&bytes, 12 + 84 - sizeof head, &p, &err), 0);
	memset(p, 0, 12 + 84 - sizeof head);
	memcpy(bytes.p + 12 + 56, time, strlen(time));
	memcpy(bytes.p + 12 + 76, offset, strlen(offset));
}

static void
times_that_are_none_are_not_told(void **state)
{
	static const char *const none[] = {
		"0000:00:00 00:00:00", "    :  :     :  :  ",
		"2019:13:01 00:00:00", "2019:00:10 00:00:00",
		"2019:07:04 24:00:00", "2019-07-04 12:30:05",
		"2019:07:04T12:30:05", "",
	};

	(void)state;
	make_picture("2019:07:04 12:30:05", "+02:00");
	assert_string_equal(taken(), "2019-07-04T12:30:05+02:00");
	make_picture("2019:07:04 12:30:05", "");
	assert_string_equal(taken(), "2019-07-04T12:30:05");
	make_picture("2019:07:04 12:30:05", "   :  ");
	assert_string_equal(taken(), "2019-07-04T12:30:05");
	for (size_t i = 0; i < N_ELEMENTS(none); i++) {
		make_picture(none[i], "+02:00");
		assert_string_equal(taken(), "");
	}
}

/* taken() checks that whatever comes out is a time, and that little was read for it. */
static void
damaged_and_cut_pictures_do_no_harm(void **state)
{
	static const char *const files[] = { "jpg/HTC_TyTN_II.jpg", "heic/exif-at-eof.heic",
					     "mov/with-gps.mov" };
	unsigned seed = 20261126, random = seed;

	(void)state;
	print_message("seed %u\n", seed);
	for (size_t i = 0; i < N_ELEMENTS(files); i++) {
		char path[600];

		snprintf(path, sizeof path, "%s/%s", corpus("media/metadata-extractor-images"),
			 files[i]);
		load(path);
		size_t whole = bytes.n;
		for (size_t n = 0; n < 4096 && n < whole; n++) {
			bytes.n = n;
			taken();
		}
		bytes.n = whole;
		for (int k = 0; k < 20000; k++) {
			random = random * 1664525 + 1013904223;
			size_t at = random >> 8 & 4095;
			uint8_t was = bytes.p[at];
			bytes.p[at] = (uint8_t)(random >> 20);
			taken();
			if (k % 4)
				bytes.p[at] = was; /* some damage stays */
		}
	}
}

static void
only_times_are_taken_from_a_record(void **state)
{
	(void)state;
	assert_true(taken_is_valid(span_str("")));
	assert_true(taken_is_valid(span_str("2019-07-04T12:30:05")));
	assert_true(taken_is_valid(span_str("2019-07-04T12:30:05Z")));
	assert_true(taken_is_valid(span_str("2019-07-04T12:30:05-11:45")));
	assert_false(taken_is_valid(span_str("2019-07-04T12:30:05+2:00")));
	assert_false(taken_is_valid(span_str("2019-07-04 12:30:05")));
	assert_false(taken_is_valid(span_str("2019-07-04T12:61:05")));
	assert_false(taken_is_valid(span_str("\x1b[2J")));
}

static int
free_bytes(void **state)
{
	(void)state;
	buf_clear(&bytes);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(real_pictures_and_films_say_when_they_were_taken),
		cmocka_unit_test(most_pictures_take_one_read_of_4_kib),
		cmocka_unit_test(times_that_are_none_are_not_told),
		cmocka_unit_test(damaged_and_cut_pictures_do_no_harm),
		cmocka_unit_test(only_times_are_taken_from_a_record),
	};

	return cmocka_run_group_tests(tests, NULL, free_bytes);
}
