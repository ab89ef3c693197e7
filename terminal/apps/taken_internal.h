/* SPDX-License-Identifier: Apache-2.0 */
/* taken_internal: what taken.c and taken_boxes.c share. */
#ifndef APPS_TAKEN_INTERNAL_H
#define APPS_TAKEN_INTERNAL_H

#include "apps/taken.h"

/** @n bytes from @at on.  False: they are not there, or too much was read. */
bool taken_read(struct taken_file *f, uint64_t at, void *out, size_t n);

/** @n <= 8 bytes, the first one the highest. */
uint64_t taken_number(const uint8_t *p, size_t n);

/** What the Exif at @at says. */
void taken_exif(char out[static APP_TAKEN_BYTES], struct taken_file *f, uint64_t at);

/** What a file of boxes says: HEIC, AVIF, MP4, MOV, 3GP. */
void taken_boxes(char out[static APP_TAKEN_BYTES], struct taken_file *f);

#endif
