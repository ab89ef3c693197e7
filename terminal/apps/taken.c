/* SPDX-License-Identifier: Apache-2.0 */
/* taken: see taken.h.  Here: Exif, and which container a file is; taken_boxes.c: boxes of ISO media. */
#include "apps/taken.h"

#include <stdio.h>
#include <string.h>

#include "apps/taken_internal.h"

static bool
load_window(struct taken_file *f, uint64_t at)
{
	uint64_t left = f->size - at;

	f->window_at = at;
	f->window_n = left < TAKEN_WINDOW_BYTES ? (size_t)left : TAKEN_WINDOW_BYTES;
	if (f->windows++ < TAKEN_WINDOWS_MAX && f->read(f->ctx, at, f->window, f->window_n))
		return true;
	f->window_n = 0;
	return false;
}

bool
taken_read(struct taken_file *f, uint64_t at, void *out, size_t n)
{
	if (f->looks++ >= TAKEN_LOOKS_MAX || at > f->size || n > f->size - at)
		return false;
	if ((at < f->window_at || at - f->window_at > f->window_n ||
	     n > f->window_n - (at - f->window_at)) &&
	    !load_window(f, at))
		return false;
	memcpy(out, f->window + (at - f->window_at), n);
	return true;
}

uint64_t
taken_number(const uint8_t *p, size_t n)
{
	uint64_t v = 0;

	for (size_t i = 0; i < n; i++)
		v = v << 8 | p[i];
	return v;
}

/* The times. */

static bool
is_like(const char *text, size_t n, const char *pattern)
{
	if (strlen(pattern) != n)
		return false;
	for (size_t i = 0; i < n; i++) {
		bool digit = text[i] >= '0' && text[i] <= '9';

		if (pattern[i] == '0'   ? !digit
		    : pattern[i] == '+' ? text[i] != '+' && text[i] != '-'
					: text[i] != pattern[i])
			return false;
	}
	return true;
}

static unsigned
two_digits(const char *p)
{
	return (unsigned)(p[0] - '0') * 10 + (unsigned)(p[1] - '0');
}

/* Of a text of the right pattern: year 0 and month 0 are what cameras write that do not know. */
static bool
is_time(const char *t)
{
	unsigned month = two_digits(t + 5), day = two_digits(t + 8);

	return memcmp(t, "0000", 4) != 0 && month >= 1 && month <= 12 && day >= 1 && day <= 31 &&
	       two_digits(t + 11) < 24 && two_digits(t + 14) < 60 && two_digits(t + 17) < 61;
}

bool
taken_is_valid(struct span text)
{
	const char *t = (const char *)text.p;

	return text.n == 0 || ((is_like(t, text.n, "0000-00-00T00:00:00") ||
				is_like(t, text.n, "0000-00-00T00:00:00Z") ||
				is_like(t, text.n, "0000-00-00T00:00:00+00:00")) &&
			       is_time(t));
}

/* Exif: a TIFF file within the file (TIFF 6.0, section 2). */

#define IFD_ENTRIES_MAX   512
#define TAG_EXIF_IFD      0x8769
#define TAG_TIME_ORIGINAL 0x9003
#define TAG_OFFSET        0x9011
#define TYPE_ASCII        2
#define TYPE_LONG         4

struct tiff {
	struct taken_file *file;
	uint64_t at; /* where it begins */
	bool little;
};

static uint32_t
tiff_number(const struct tiff *t, const uint8_t *p, size_t n)
{
	uint8_t turned[4];

	for (size_t i = 0; i < n; i++)
		turned[i] = t->little ? p[n - 1 - i] : p[i];
	return (uint32_t)taken_number(turned, n);
}

/* A directory entry: its type, count, and the value or where that lies. */
struct entry {
	unsigned type;
	uint32_t count, value;
};

/* Look up @n tags in the directory at @at; those that are not there keep type 0. */
static void
find_entries(struct tiff *t, uint32_t at, const unsigned *tags, struct entry *out, size_t n)
{
	uint8_t raw[12];
	size_t entries;

	if (!taken_read(t->file, t->at + at, raw, 2))
		return;
	entries = tiff_number(t, raw, 2);
	for (size_t i = 0; i < entries && i < IFD_ENTRIES_MAX; i++) {
		if (!taken_read(t->file, t->at + at + 2 + 12 * i, raw, 12))
			return;
		for (size_t j = 0; j < n; j++)
			if (tiff_number(t, raw, 2) == tags[j])
				out[j] = (struct entry){ tiff_number(t, raw + 2, 2),
							 tiff_number(t, raw + 4, 4),
							 tiff_number(t, raw + 8, 4) };
	}
}

/* The text of an entry that lies outside its directory; NUL-terminated. */
static bool
entry_text(struct tiff *t, const struct entry *e, char *out, size_t n)
{
	if (e->type != TYPE_ASCII || e->count < n || n <= 4 ||
	    !taken_read(t->file, t->at + e->value, out, n))
		return false;
	out[n] = '\0';
	return true;
}

void
taken_exif(char out[static APP_TAKEN_BYTES], struct taken_file *f, uint64_t at)
{
	static const unsigned exif[] = { TAG_EXIF_IFD };
	static const unsigned times[] = { TAG_TIME_ORIGINAL, TAG_OFFSET };
	struct tiff t = { .file = f, .at = at };
	struct entry directory = { 0 }, found[2] = { { 0 } };
	char time[20], offset[7];
	uint8_t head[8];

	if (!taken_read(f, at, head, sizeof head) ||
	    (memcmp(head, "II*", 4) != 0 && memcmp(head, "MM\0*", 4) != 0))
		return;
	t.little = head[0] == 'I';
	find_entries(&t, tiff_number(&t, head + 4, 4), exif, &directory, 1);
	if (directory.type != TYPE_LONG)
		return;
	find_entries(&t, directory.value, times, found, 2);
	if (!entry_text(&t, &found[0], time, 19) || !is_like(time, 19, "0000:00:00 00:00:00"))
		return;
	time[4] = time[7] = '-';
	time[10] = 'T';
	if (!is_time(time))
		return;
	if (!entry_text(&t, &found[1], offset, 6) || !is_like(offset, 6, "+00:00"))
		offset[0] = '\0';
	snprintf(out, APP_TAKEN_BYTES, "%s%s", time, offset);
}

/* Containers. */

/* JPEG (ITU-T T.81, B): segments up to the scan; Exif's is the first APP1 that says so. */
static void
jpeg(char out[static APP_TAKEN_BYTES], struct taken_file *f)
{
	uint8_t p[10];
	uint64_t at = 2;

	while (taken_read(f, at, p, 4) && p[0] == 0xFF && p[1] != 0xDA && p[1] != 0xD9) {
		uint64_t n = taken_number(p + 2, 2);

		if (p[1] == 0xFF) { /* a fill byte */
			at++;
			continue;
		}
		if (p[1] == 0xE1 && taken_read(f, at + 4, p, 6) && memcmp(p, "Exif\0", 6) == 0) {
			taken_exif(out, f, at + 10);
			return;
		}
		if (n < 2)
			return;
		at += 2 + n;
	}
}

/* PNG: chunks of length, type, data, checksum. */
static void
png(char out[static APP_TAKEN_BYTES], struct taken_file *f)
{
	uint8_t p[8];

	for (uint64_t at = 8; taken_read(f, at, p, 8); at += 12 + taken_number(p, 4)) {
		if (memcmp(p + 4, "eXIf", 4) == 0) {
			taken_exif(out, f, at + 8);
			return;
		}
		if (memcmp(p + 4, "IEND", 4) == 0)
			return;
	}
}

/* WebP: RIFF's chunks, little-endian, padded to even. */
static void
webp(char out[static APP_TAKEN_BYTES], struct taken_file *f)
{
	uint8_t p[14];
	uint64_t at = 12;

	while (taken_read(f, at, p, 8)) {
		uint64_t n =
			p[4] | (uint64_t)p[5] << 8 | (uint64_t)p[6] << 16 | (uint64_t)p[7] << 24;

		if (memcmp(p, "EXIF", 4) == 0) { /* some programs put JPEG's head before it */
			bool head = taken_read(f, at + 8, p, 6) && memcmp(p, "Exif\0", 6) == 0;

			taken_exif(out, f, at + 8 + (head ? 6 : 0));
			return;
		}
		at += 8 + n + (n & 1);
	}
}

void
taken_of(char out[static APP_TAKEN_BYTES], struct taken_file *f)
{
	static const uint8_t png_head[8] = { 0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n' };
	uint8_t p[12];

	out[0] = '\0';
	if (!taken_read(f, 0, p, sizeof p))
		return;
	if (p[0] == 0xFF && p[1] == 0xD8)
		jpeg(out, f);
	else if (memcmp(p, png_head, sizeof png_head) == 0)
		png(out, f);
	else if (memcmp(p, "RIFF", 4) == 0 && memcmp(p + 8, "WEBP", 4) == 0)
		webp(out, f);
	else
		taken_boxes(out, f);
}
