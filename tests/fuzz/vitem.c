/* SPDX-License-Identifier: Apache-2.0 */
/* vitem: a text of records falls into the same parts, in order, however small the window. */
#include "fuzz.h"
#include "item/record.h"

struct text {
	struct span all;
	size_t at;
	uint64_t end;  /* of the part before */
	uint64_t hash; /* of all parts */
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
	AUTO(record_clear) struct record r = { .n_fields = 0 };
	struct text *t = ctx;

	FUZZ_TRUE(part->offset >= t->end && part->offset + part->bytes.n <= t->all.n);
	FUZZ_TRUE(part->bytes.n == 0 ||
		  memcmp(part->bytes.p, t->all.p + part->offset, part->bytes.n) == 0);
	t->end = part->offset + part->bytes.n;
	t->hash = t->hash * 31 + part->offset * 7 + part->bytes.n * 3 + (part->bad != NULL);
	if (!part->bad)
		record_parse(&r, part->bytes, err);
	return 0;
}

static uint64_t
split(struct span text, size_t window)
{
	struct text t = { .all = text };
	struct text_stream stream = { &t, read_some, "fuzz", window };

	FUZZ_TRUE(record_split(&stream, on_part, &t, NULL) == 0);
	return t.hash;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	uint64_t whole = split(span_of(data, n), 1 << 20);

	FUZZ_TRUE(split(span_of(data, n), 16) == whole);
	return 0;
}
