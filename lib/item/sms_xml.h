/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sms_xml: messages and calls as "SMS Backup & Restore" and its like write them.
 *
 *     <smses count="2">                                   <calls count="1">
 *       <sms address="…" date="ms" type="1" body="…"/>      <call number="…" date="ms" type="2" duration="s"/>
 *       <mms date="ms" msg_box="1" m_id="…">               </calls>
 *         <parts><part ct="image/jpeg" data="base64"/></parts>
 *         <addrs><addr address="…" type="137"/></addrs>
 *       </mms>
 *     </smses>
 *
 * A file is split into its elements by byte ranges; an element is parsed into an item.  Nothing of
 * what a file says about itself (`count`) is believed.  Numbers, dates and bodies say which message
 * it is: they are its identity, from which its id is made, and are never merged; what an app adds
 * for itself (read, service_center, readable_date, contact_name…) is volatile; a part of an MMS is a
 * field that can be added.  Attributes that hold "null" hold nothing.
 */
#ifndef ITEM_SMS_XML_H
#define ITEM_SMS_XML_H

#include "base/err.h"
#include "base/span.h"
#include "item/form.h"
#include "item/text_stream.h"

#define SMS_XML_BYTES_MAX  ITEM_BYTES_MAX /* one element, parts and all */
#define SMS_XML_FIELDS_MAX 10000u         /* attributes, parts and addresses of one element */

enum sms_xml_kind {
	SMS_XML_SMS,
	SMS_XML_MMS,
	SMS_XML_CALL,
	SMS_XML_ROOT,     /* the start tag of <smses> or <calls> */
	SMS_XML_ROOT_END, /* its end tag */
};

struct sms_xml_part {
	enum sms_xml_kind kind;
	struct range range; /* in the source: '<' of the first to '>' of the last tag */
	unsigned line;      /* of its first byte */
	const struct err
		*bad; /* NULL: an element; else why it is refused: "a.xml:12:3: expected …" */
};

/* Splits a source, or a window of one that is read piece by piece. */
struct sms_xml_walk {
	struct span source;
	const char *name; /* for messages; borrowed */
	size_t at;
	unsigned line;
	size_t before; /* bytes of the source's first line that stand before it */
	bool more;     /* the file goes on behind the source */
	bool in_root;  /* within <smses> or <calls> */
	bool had_root;
	struct err why; /* what `bad` points to */
};

#define SMS_XML_END 1 /* that was all */
#define SMS_XML_CUT 2 /* an element that begins at walk->at is not whole in this window */

/**
 * The next element or tag of a root, or what is refused: a broken tag, an end tag of nothing, a file
 * that ends within an element or before its end tag, a root that is none of ours.
 * @w  zeros, with source, name, line (1 at a file's start) and more set.
 * @return 0, SMS_XML_END, SMS_XML_CUT: call again with a source that holds more and begins at `at`
 *         (then 0).
 */
int sms_xml_next(struct sms_xml_walk *w, struct sms_xml_part *out);

/**
 * Parse one element.
 * @bytes   as sms_xml_next() gives it; borrowed as long as the item lives.
 * @source  for messages; @line: of its first line in its file.
 * @kinds   those that are wanted, a bit 1 << kind for each; another is ERR_SYNTAX.
 * @return  0, or -1: ERR_SYNTAX (no element of ours), ERR_LIMIT, ERR_NOMEM.
 *
 * item->uid is its id: "sms:", "mms:" or "call:" and BLAKE2b-128 in hexadecimal of
 *   sms    address key, direction (in, out, draft), date in ms, body
 *   mms    m_id, else tr_id, with date in s and direction; without both: date in s, direction, the
 *          sorted address keys, the sorted part keys
 *   call   number key, type, date in ms, duration
 * What an element lacks is as good as empty.  A profile may make ids coarser (struct item_profile):
 *   seconds        dates end in 000 ms
 *   conversations  an MMS without ids: the numbers in its `address`, or else in its addresses, as a set
 *   only_missed    a call that was not answered is missed
 * Two messages that are alike in all that have the same id: the caller counts them.
 */
int sms_xml_parse(struct item **out, struct span bytes, const char *source, unsigned line,
		  const struct item_profile *profile, unsigned kinds, struct err *err);

/* A call, as Android counts (CallLog.Calls). */
enum sms_xml_call_type {
	SMS_XML_CALL_IN = 1,
	SMS_XML_CALL_OUT,
	SMS_XML_CALL_MISSED,
	SMS_XML_CALL_VOICEMAIL,
	SMS_XML_CALL_REJECTED,
	SMS_XML_CALL_BLOCKED,
	SMS_XML_CALL_TYPES = SMS_XML_CALL_BLOCKED,
};

struct sms_xml_call {
	struct span number; /* "": nobody knows; also "-1", "-2", "-3" */
	int64_t at_unix_ms;
	int64_t duration_s;
	unsigned type; /* enum sms_xml_call_type; 0: another */
};

/** What a <call> says.  @number holds its number.  ERR_SYNTAX: no call, or no date. */
int sms_xml_call_parse(struct sms_xml_call *out, struct buf *number, struct span bytes,
		       struct err *err);
/** Append it as an element. */
int sms_xml_call_print(struct buf *out, const struct sms_xml_call *call, struct err *err);

#define SMS_XML_SENDER "from" /* field->types of an <addr> that sent the MMS */

/** form->thread of messages. */
int sms_xml_thread(struct buf *thread, struct buf *party, const struct item *it, struct err *err);

/** text_split_fn's: messages (sms and mms) or calls, and what is refused; the others belong to
 *  another app and are passed over. */
int sms_xml_split_messages(const struct text_stream *stream, text_part_fn *fn, void *ctx,
			   struct err *err);
int
sms_xml_split_calls(const struct text_stream *stream, text_part_fn *fn, void *ctx, struct err *err);

#define SMS_XML_SECONDS_BELOW                                                                      \
	INT64_C(100000000000) /* an MMS' date under this is in seconds: 1973 in ms, 5138 in s */

/** The date of a parsed element, in milliseconds since 1970; 0: it has none. */
int64_t sms_xml_date_ms(const struct item *it);

/** Append @element (one that parses) with what the schemas of "SMS Backup & Restore" require and it
 *  lacks, "null" where there is nothing to say.  What it has is copied as it is; its id stays the
 *  same.  0 or -1: ERR_NOMEM, ERR_LIMIT. */
int sms_xml_complete(struct buf *out, struct span element, struct err *err);

/** A text_survey_fn: one root, @root: "smses" or "calls", whose end tag stands behind all elements. */
int sms_xml_survey(struct text_frame *out, const struct text_stream *stream, const char *root,
		   struct err *err);

#endif
