/* SPDX-License-Identifier: Apache-2.0 */
/*
 * file_sms_xml: messages and calls as a file of "SMS Backup & Restore", by date.
 *
 * `sms-xml` gives each element what that app's schema requires and the element lacks
 * (item/sms_xml.h); `original` writes the elements as they are.
 */
#include <inttypes.h>
#include <string.h>

#include "convert/file_kind.h"
#include "item/sms_xml.h"

/* By date in milliseconds; of one date by what it is. */
static int
by_date(struct buf *out, const struct item *it, struct err *err)
{
	return buf_append_fmt(out, err, "%020" PRId64 " %s", sms_xml_date_ms(it), it->uid);
}

static int
head(struct buf *out, const char *root, uint64_t n, struct err *err)
{
	return buf_append_fmt(out, err,
			      "<?xml version='1.0' encoding='UTF-8' standalone='yes' ?>\n"
			      "<%s count=\"%" PRIu64 "\">\n",
			      root, n);
}

static int
messages_head(struct buf *out, struct buf *state, uint64_t n, struct err *err)
{
	(void)state;
	return head(out, "smses", n, err);
}

static int
messages_tail(struct buf *out, struct buf *state, struct err *err)
{
	(void)state;
	return buf_append_str(out, "</smses>\n", err);
}

static int
calls_head(struct buf *out, struct buf *state, uint64_t n, struct err *err)
{
	(void)state;
	return head(out, "calls", n, err);
}

static int
calls_tail(struct buf *out, struct buf *state, struct err *err)
{
	(void)state;
	return buf_append_str(out, "</calls>\n", err);
}

static int
as_it_is(struct buf *out, struct card_notes *notes, struct buf *state, const struct item *it,
	 struct err *err)
{
	(void)notes;
	(void)state;
	return buf_append_str(out, "  ", err) < 0 || buf_append(out, it->bytes, err) < 0 ||
			       buf_append_byte(out, '\n', err) < 0
		       ? -1
		       : 0;
}

static int
completed(struct buf *out, struct card_notes *notes, struct buf *state, const struct item *it,
	  struct err *err)
{
	(void)notes;
	(void)state;
	return buf_append_str(out, "  ", err) < 0 || sms_xml_complete(out, it->bytes, err) < 0 ||
			       buf_append_byte(out, '\n', err) < 0
		       ? -1
		       : 0;
}

#define MESSAGES                                                                                   \
	.form = &form_message, .extension = ".xml", .version = ITEM_NO_VERSION, .key = by_date,    \
	.head = messages_head, .tail = messages_tail
#define CALLS                                                                                      \
	.form = &form_call, .extension = ".xml", .version = ITEM_NO_VERSION, .key = by_date,       \
	.head = calls_head, .tail = calls_tail

extern const struct file_kind file_sms_xml, file_sms_original, file_calls_xml, file_calls_original;

const struct file_kind file_sms_xml = { .format = "sms-xml", MESSAGES, .item = completed };
const struct file_kind file_sms_original = { .format = "original", MESSAGES, .item = as_it_is };
const struct file_kind file_calls_xml = { .format = "sms-xml", CALLS, .item = completed };
const struct file_kind file_calls_original = { .format = "original", CALLS, .item = as_it_is };
