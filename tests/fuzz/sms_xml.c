/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages and calls: the parts of a file lie in it, in order; each is parsed as its form, or refused;
 * merging with itself writes nothing; what a survey says about adding is true.  Any bytes decode to
 * text.
 */
#include "item/sms_xml.h"
#include "fuzz.h"
#include "item/charset.h"
#include "item/markup.h"
#include "merge/merge.h"

struct text {
	struct span all;
	size_t at;
	uint64_t end; /* of the part before */
	const struct form *form;
};

static int
read_some(void *ctx, void *p, size_t n, size_t *got, struct err *err)
{
	struct text *t = ctx;

	(void)err;
	*got = t->all.n - t->at < n ? t->all.n - t->at : n;
	if (*got)
		memcpy(p, t->all.p + t->at, *got);
	t->at += *got;
	return 0;
}

static int
on_part(void *ctx, const struct text_part *part, struct err *err)
{
	struct text *t = ctx;
	AUTO(item_free) struct item *it = NULL;
	AUTO(merge_outcome_clear) struct merge_outcome o = MERGE_OUTCOME_INIT;

	FUZZ_TRUE(part->offset >= t->end && part->offset + part->bytes.n <= t->all.n);
	t->end = part->offset + part->bytes.n;
	if (part->bad)
		return 0;
	AUTO(free) uint8_t *exact = fuzz_copy(part->bytes);
	if (t->form->parse(&it, span_of(exact, part->bytes.n), "fuzz", part->line, NULL, err) < 0)
		return 0;
	FUZZ_TRUE(it->uid && it->n_fields <= SMS_XML_FIELDS_MAX);
	for (size_t i = 0; i < it->n_fields; i++)
		FUZZ_TRUE(it->fields[i].own.end <= part->bytes.n);
	FUZZ_TRUE(merge_items(&o, it, it, NULL, err) == 0 && o.result == MERGE_IDENTICAL);
	return 0;
}

/* Any bytes as one element, and as a value: what is decoded is text. */
static void
as_one(struct span bytes)
{
	AUTO(item_free) struct item *it = NULL;
	AUTO(buf_clear) struct buf text = BUF_INIT(1 << 24);
	AUTO(buf_clear) struct buf number = BUF_INIT(1 << 24);
	struct sms_xml_call call;
	unsigned any = 1u << SMS_XML_SMS | 1u << SMS_XML_MMS | 1u << SMS_XML_CALL;

	if (sms_xml_parse(&it, bytes, "fuzz", 1, NULL, any, NULL) == 0)
		FUZZ_TRUE(it->uid && it->name);
	if (sms_xml_call_parse(&call, &number, bytes, NULL) == 0)
		FUZZ_TRUE(call.type <= SMS_XML_CALL_TYPES && charset_is_utf8(call.number));
	FUZZ_TRUE(markup_decode(&text, bytes, NULL) == 0 && charset_is_utf8(buf_span(&text)));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	as_one(span_of(data, n));
	for (int calls = 0; calls < 2; calls++) {
		struct text t = { .all = span_of(data, n),
				  .form = calls ? &form_call : &form_message };
		struct text_stream from = { &t, read_some, "fuzz", 64 };
		struct text_frame f;

		FUZZ_TRUE((calls ? sms_xml_split_calls : sms_xml_split_messages)(&from, on_part, &t,
										 NULL) == 0);
		t.at = 0;
		FUZZ_TRUE(sms_xml_survey(&f, &from, calls ? "calls" : "smses", NULL) == 0);
		FUZZ_TRUE(f.end_at <= n && f.count_at + f.count_n <= n);
		FUZZ_TRUE(!f.whole || data[f.end_at] == '<');
	}
	return 0;
}
