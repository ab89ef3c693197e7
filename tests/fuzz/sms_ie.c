/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages of SMS Import / Export: objects lie in the file, in order, whole or refused; a message is printed
 * as an element that parses, merges with itself and survives being completed.
 */
#include "apps/sms_ie_message.h"
#include "fuzz.h"
#include "item/sms_xml.h"

struct text {
	struct span all;
	size_t at;
	uint64_t end; /* of the object before */
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
get_data(void *ctx, struct buf *out, struct span name, struct err *err)
{
	(void)ctx;
	return name.n % 2 ? 1 : buf_append(out, name, err);
}

static void
check_element(struct span bytes)
{
	AUTO(item_free) struct item *it = NULL, *whole = NULL;
	AUTO(buf_clear) struct buf completed = BUF_INIT(1 << 26);
	struct err err = { 0 };

	FUZZ_TRUE(form_message.parse(&it, bytes, "fuzz", 1, NULL, &err) == 0);
	FUZZ_TRUE(sms_xml_complete(&completed, bytes, &err) == 0);
	FUZZ_TRUE(form_message.parse(&whole, buf_span(&completed), "fuzz", 1, NULL, &err) == 0);
	FUZZ_TRUE(strcmp(it->uid, whole->uid) == 0);
}

static int
on_object(void *ctx, const struct text_part *part, struct err *err)
{
	AUTO(buf_clear) struct buf out = BUF_INIT(1 << 26);
	struct text *t = ctx;
	const struct sms_ie_data data = { NULL, get_data };
	struct err why = { 0 };
	int64_t date;

	(void)err;
	FUZZ_TRUE(part->offset >= t->end && part->offset + part->bytes.n <= t->all.n);
	t->end = part->offset + part->bytes.n;
	if (part->bad)
		return 0;
	AUTO(free) uint8_t *exact = fuzz_copy(part->bytes);
	if (sms_ie_print(&out, &date, span_of(exact, part->bytes.n), &data, &why) < 0)
		FUZZ_TRUE(why.code == ERR_SYNTAX || why.code == ERR_LIMIT);
	else
		check_element(buf_span(&out));
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct text t = { .all = span_of(data, n) };
	struct text_stream stream = {
		.ctx = &t, .read = read_some, .source = "fuzz", .window = 64
	};
	struct err err = { 0 };

	if (sms_ie_split(&stream, on_object, &t, &err) < 0)
		FUZZ_TRUE(err.code == ERR_LIMIT);
	return 0;
}
