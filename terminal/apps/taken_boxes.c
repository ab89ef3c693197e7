/* SPDX-License-Identifier: Apache-2.0 */
/*
 * taken_boxes: files of boxes, each a size, a type and what it holds (ISO/IEC 14496-12).
 *
 *     pictures   meta > iinf > infe of type `Exif`: the number of an item; meta > iloc: where it lies
 *     films      moov > mvhd
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "apps/taken_internal.h"

#define EPOCH_1904  INT64_C(2082844800) /* seconds from 1904 to 1970 */
#define ITEMS_MAX   256
#define NO_ITEM     UINT32_MAX
#define HEADER_ONLY 8

struct box {
	char type[4];
	uint64_t at, end; /* of what it holds */
};

/* The box at @at, which may not go beyond @end. */
static bool
box_at(struct box *out, struct taken_file *f, uint64_t at, uint64_t end)
{
	uint8_t p[16];
	uint64_t size;

	if (at > end || end - at < HEADER_ONLY || !taken_read(f, at, p, HEADER_ONLY))
		return false;
	memcpy(out->type, p + 4, 4);
	size = taken_number(p, 4);
	out->at = at + HEADER_ONLY;
	if (size == 1) { /* it stands in 8 bytes behind the type */
		if (!taken_read(f, at + HEADER_ONLY, p + 8, 8))
			return false;
		size = taken_number(p + 8, 8);
		out->at += 8;
	} else if (size == 0) { /* to the end */
		size = end - at;
	}
	if (size < out->at - at || size > end - at)
		return false;
	out->end = at + size;
	return true;
}

/* The first box of @type in [@at, @end). */
static bool
find(struct box *out, struct taken_file *f, const char *type, uint64_t at, uint64_t end)
{
	while (box_at(out, f, at, end)) {
		if (memcmp(out->type, type, 4) == 0)
			return true;
		at = out->end;
	}
	return false;
}

/* Films. */

static void
movie_time(char out[static APP_TAKEN_BYTES], struct taken_file *f, const struct box *moov)
{
	struct box b;
	uint8_t p[12];
	uint64_t seconds;
	struct tm tm;
	time_t t;

	if (!find(&b, f, "mvhd", moov->at, moov->end) || !taken_read(f, b.at, p, sizeof p))
		return;
	seconds = p[0] == 1 ? taken_number(p + 4, 8) : taken_number(p + 4, 4);
	if (seconds <= EPOCH_1904 || seconds > EPOCH_1904 + INT64_C(250000000000))
		return; /* 0: it does not say; and nothing was filmed before 1970 */
	t = (time_t)((int64_t)seconds - EPOCH_1904);
	if (gmtime_r(&t, &tm) && tm.tm_year + 1900 <= 9999)
		strftime(out, APP_TAKEN_BYTES, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

/* Pictures. */

/* The number of the item that is Exif. */
static uint32_t
exif_item(struct taken_file *f, const struct box *iinf)
{
	struct box b;
	uint8_t p[12];
	uint64_t at;

	if (!taken_read(f, iinf->at, p, 4))
		return NO_ITEM;
	at = iinf->at + (p[0] == 0 ? 6 : 8); /* version and flags, count of 2 or 4 bytes */
	for (int i = 0; i < ITEMS_MAX && find(&b, f, "infe", at, iinf->end); i++, at = b.end) {
		size_t n;

		if (!taken_read(f, b.at, p, 4))
			return NO_ITEM;
		if (p[0] != 2 && p[0] != 3) /* older ones name no type */
			continue;
		n = p[0] == 2 ? 2 : 4; /* of the number; 2 bytes of protection, the type */
		if (taken_read(f, b.at + 4, p, n + 6) && memcmp(p + n + 2, "Exif", 4) == 0)
			return (uint32_t)taken_number(p, n);
	}
	return NO_ITEM;
}

/* The sizes of iloc's numbers. */
struct iloc {
	unsigned version;
	size_t offset_n, length_n, base_n, index_n, id_n;
	uint64_t at; /* of the next item */
	uint64_t items;
};

static bool
is_size(size_t n)
{
	return n == 0 || n == 4 || n == 8;
}

static bool
iloc_open(struct iloc *out, struct taken_file *f, const struct box *b)
{
	uint8_t p[10];
	size_t count_n;

	if (!taken_read(f, b->at, p, sizeof p) || p[0] > 2)
		return false;
	out->version = p[0];
	out->offset_n = p[4] >> 4;
	out->length_n = p[4] & 15;
	out->base_n = p[5] >> 4;
	out->index_n = out->version ? p[5] & 15 : 0;
	out->id_n = count_n = out->version == 2 ? 4 : 2;
	out->items = taken_number(p + 6, count_n);
	out->at = b->at + 6 + count_n;
	return is_size(out->offset_n) && is_size(out->length_n) && is_size(out->base_n) &&
	       is_size(out->index_n);
}

/* The next item: its number, and where its first part lies; construction 0 is from the file's begin. */
static bool
iloc_next(struct iloc *l, struct taken_file *f, uint32_t *id, uint64_t *at, unsigned *construction)
{
	size_t method_n = l->version ? 2 : 0;
	size_t head_n = l->id_n + method_n + 2 + l->base_n + 2;
	size_t extent_n = l->index_n + l->offset_n + l->length_n;
	uint8_t p[32];
	uint64_t extents;

	if (!taken_read(f, l->at, p, head_n))
		return false;
	*id = (uint32_t)taken_number(p, l->id_n);
	*construction = method_n ? p[l->id_n + 1] & 15 : 0;
	*at = taken_number(p + l->id_n + method_n + 2, l->base_n);
	extents = taken_number(p + head_n - 2, 2);
	if (extents && l->offset_n) {
		if (!taken_read(f, l->at + head_n + l->index_n, p, l->offset_n))
			return false;
		*at += taken_number(p, l->offset_n);
	}
	l->at += head_n + extents * extent_n;
	return extents > 0 || *id != NO_ITEM;
}

static void
picture_time(char out[static APP_TAKEN_BYTES], struct taken_file *f, const struct box *meta)
{
	uint64_t inside = meta->at + 4; /* version and flags */
	struct box iinf, iloc_box;
	struct iloc l;
	uint32_t wanted, id;
	unsigned construction;
	uint64_t at;
	uint8_t p[4];

	if (!find(&iinf, f, "iinf", inside, meta->end) ||
	    !find(&iloc_box, f, "iloc", inside, meta->end) || !iloc_open(&l, f, &iloc_box))
		return;
	wanted = exif_item(f, &iinf);
	for (uint64_t i = 0; wanted != NO_ITEM && i < l.items && i < ITEMS_MAX; i++) {
		if (l.at >= iloc_box.end || !iloc_next(&l, f, &id, &at, &construction))
			return;
		if (id != wanted)
			continue;
		if (construction == 0 && taken_read(f, at, p, 4)) /* bytes before the TIFF */
			taken_exif(out, f, at + 4 + taken_number(p, 4));
		return;
	}
}

void
taken_boxes(char out[static APP_TAKEN_BYTES], struct taken_file *f)
{
	struct box b;
	uint8_t p[8];

	if (!taken_read(f, 0, p, sizeof p) ||
	    (memcmp(p + 4, "ftyp", 4) != 0 && memcmp(p + 4, "moov", 4) != 0 &&
	     memcmp(p + 4, "mdat", 4) != 0 && memcmp(p + 4, "wide", 4) != 0))
		return;
	if (find(&b, f, "moov", 0, f->size))
		movie_time(out, f, &b);
	else if (find(&b, f, "meta", 0, f->size))
		picture_time(out, f, &b);
}
