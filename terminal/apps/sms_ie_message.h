/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sms_ie_message: a message of an export of "SMS Import / Export" as the element of form_message that says
 * the same.  Pure: no I/O.
 *
 * A message is a JSON object of the columns of Android's Telephony provider, and what the app adds, with two
 * underscores in front since its version 2, without before: __display_name, __sender_address,
 * __recipient_addresses, __parts.  An SMS' dates are in milliseconds, an MMS' in seconds.  A part's data is
 * a file of its own, data/NAME, named by the last part of the path in `_data`; before version 2 it is base64
 * in `binary_data` (README and tools/v1-v2-convert.py of tmo1/sms-ie).
 *
 * Columns become attributes of their names, in their order; row numbers of the phone's database (_id,
 * thread_id, mid) do not.
 */
#ifndef APPS_SMS_IE_MESSAGE_H
#define APPS_SMS_IE_MESSAGE_H

#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"
#include "item/text_stream.h"

#define SMS_IE_DATA_MAX ((size_t)45 << 20) /* of a part: its base64 is to fit into an item */

/* Where parts' data come from. */
struct sms_ie_data {
	void *ctx;
	/* Append the data of the file @name (without a folder).  0; 1: there is none; -1. */
	int (*get)(void *ctx, struct buf *out, struct span name, struct err *err);
};

/**
 * Append the message as an element.
 * @date_unix_ms  receives its date, 0 if it has none.
 * @return 0, or -1: ERR_SYNTAX (no message, no JSON), ERR_LIMIT, ERR_NOMEM, or from @data.
 */
int sms_ie_print(struct buf *out, int64_t *date_unix_ms, struct span json,
		 const struct sms_ie_data *data, struct err *err);

/** A text_split_fn: the objects of a list (`messages.json`), or of lines (`messages.ndjson`), as ranges of bytes;
 *  one that is cut, or what is none, is refused, and the next line goes on. */
int sms_ie_split(const struct text_stream *stream, text_part_fn *fn, void *ctx, struct err *err);

#endif
