/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sms_ie_load: an export of "SMS Import / Export" put aside, message by message, see sms_ie.c.
 *
 * What an archive says about itself is not believed: entries are counted and measured as they come, before
 * memory is taken, and all of it may be SMS_IE_RATIO times what the file is.
 */
#ifndef APPS_SMS_IE_LOAD_H
#define APPS_SMS_IE_LOAD_H

#include "apps/adapter.h"
#include "item/key.h"
#include "os/scratch.h"

#define SMS_IE_RATIO     200u                 /* texts as JSON shrink to a tenth */
#define SMS_IE_FREE      ((uint64_t)64 << 20) /* bytes, whatever the ratio */
#define SMS_IE_ROWS_MAX  (1u << 24)
#define SMS_IE_PARTS_MAX (1u << 20)
#define SMS_IE_BAD_MAX   1000u /* lines that are none and are told */

struct sms_ie_row {
	struct scratch_place at; /* its JSON */
	unsigned line;
};

struct sms_ie_part {
	struct field_key name; /* of its file, without the folder */
	struct scratch_place at;
	bool too_large; /* for an item: nothing was put aside */
};

struct sms_ie_export {
	struct app_stamp stamp; /* of the file, set by the caller */
	struct scratch *scratch;
	struct sms_ie_row *rows;
	size_t n_rows, cap_rows;
	struct sms_ie_part *parts; /* sorted by name, each once */
	size_t n_parts, cap_parts;
	unsigned *bad; /* lines that are no message */
	size_t n_bad, cap_bad;
	struct err cut; /* code ERR_NONE: it was read to its end */
};

#define SMS_IE_EXPORT_INIT                                                                         \
	{                                                                                          \
		.n_rows = 0                                                                        \
	}
void sms_ie_export_clear(struct sms_ie_export *x);

/** Does the file begin as an export does?  ERR_UNSUPPORTED, ERR_IO. */
int sms_ie_check(int fd, struct err *err);

/** Read the open file of @size bytes.  0, or -1: ERR_SYNTAX (no export), ERR_LIMIT, ERR_IO, ERR_FULL,
 *  ERR_UNSUPPORTED (no libarchive), ERR_NOMEM. */
int sms_ie_load(struct sms_ie_export *x, int fd, uint64_t size, struct err *err);

/** Append the @nth message as an element of form_message, as sms_ie_print(). */
int sms_ie_message(struct buf *out, int64_t *date_unix_ms, struct sms_ie_export *x, size_t nth,
		   struct err *err);

#endif
