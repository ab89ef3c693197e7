/* SPDX-License-Identifier: Apache-2.0 */
/*
 * taken: when a picture or film was taken, as the file itself says.
 *
 *     JPEG, PNG, WebP, HEIC, AVIF   Exif's DateTimeOriginal, and OffsetTimeOriginal where it is there
 *                                   (CIPA DC-008 4.6.5, ISO/IEC 23008-12 A.2, PNG 3 11.3.2.4)
 *     MP4, MOV, 3GP                 creation_time of `mvhd`, which is UTC (ISO/IEC 14496-12 8.2.2)
 *
 * Exif's time is that of the camera's clock: without an offset nobody knows its zone, so it stays text.
 * A few small reads at the places that the file's own tables name, some KiB in all; whatever is broken
 * says nothing.  Own code in place of libexif and libheif: two tags of one structure, in a program
 * that holds keys.
 */
#ifndef APPS_TAKEN_H
#define APPS_TAKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "apps/adapter.h"

/* A file, read at places. */
#define TAKEN_WINDOW_BYTES 4096 /* read at once */
#define TAKEN_WINDOWS_MAX  16   /* 64 KiB in all; mostly one or two */
#define TAKEN_LOOKS_MAX    4000 /* at boxes, chunks and entries of tables */

struct taken_file {
	/* Read @n bytes from @at on, which lie in the file.  False: it failed. */
	bool (*read)(void *ctx, uint64_t at, uint8_t *out, size_t n);
	void *ctx;
	uint64_t size; /* bytes */
	/* zeros */
	uint8_t window[TAKEN_WINDOW_BYTES];
	uint64_t window_at;
	size_t window_n;
	unsigned windows, looks;
};

/** "2019-07-04T12:30:05", "2019-07-04T12:30:05+02:00" or "2019-07-04T12:30:05Z" into @out; "" where the
 *  file does not say. */
void taken_of(char out[static APP_TAKEN_BYTES], struct taken_file *file);

/** Is @text such a time, or empty? */
bool taken_is_valid(struct span text);

#endif
