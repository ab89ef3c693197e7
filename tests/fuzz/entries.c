/* SPDX-License-Identifier: Apache-2.0 */
/* entries: chunk entries, and lists of them, encode to the bytes that they were decoded from. */
#include "chunk/entries.h"
#include "fuzz.h"

/* Every list is the bytes after the first; a list that names itself must not be followed for ever. */
static int
get(void *ctx, const struct chunk_entry *list, struct span *plain, struct err *err)
{
	struct span all = *(struct span *)ctx;

	(void)err;
	*plain = span_skip(all, list->cid.b[0]);
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	AUTO(chunk_entries_clear) struct chunk_entries l = { 0 }, below = { 0 };
	AUTO(buf_clear) struct buf again = BUF_INIT(1u << 24), refs = BUF_INIT(1u << 24);
	struct span all = span_of(data, n);

	if (chunk_entries_decode(&l, all, NULL) < 0)
		return 0;
	FUZZ_TRUE(chunk_entries_encode(&again, &l, NULL) == 0);
	FUZZ_TRUE(span_equal(buf_span(&again), all));
	FUZZ_TRUE(chunk_entries_refs(&refs, &l, &l, NULL) == 0 && refs.n <= 32 * l.n);
	chunk_lists_read(&below, &l, get, &all, NULL);
	return 0;
}
