/* SPDX-License-Identifier: Apache-2.0 */
/* slot: an entry of a saved folder's tar is taken only if it is what would be written for it. */
#include "apps/slot.h"
#include "fuzz.h"

static int
add_blocks(struct slot_head *h, struct span blocks)
{
	int rc = SLOT_MORE;

	for (; rc == SLOT_MORE && blocks.n >= SLOT_BLOCK_BYTES;
	     blocks = span_skip(blocks, SLOT_BLOCK_BYTES))
		rc = slot_head_add(h, span_of(blocks.p, SLOT_BLOCK_BYTES), NULL);
	return rc;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	AUTO(buf_clear) struct buf again = BUF_INIT(SLOT_HEAD_BYTES_MAX);
	AUTO(free) uint8_t *copy = fuzz_copy(span_of(data, n));
	struct slot_head h = SLOT_HEAD_INIT;

	if (add_blocks(&h, span_of(copy, n)) == 0 && !h.at_end) {
		FUZZ_TRUE(h.path && h.size <= SLOT_FILE_BYTES_MAX);
		FUZZ_TRUE(slot_entry_print(&again, h.path, h.size, NULL) == 0);
		FUZZ_TRUE(again.n <= n && memcmp(again.p, data, again.n) == 0);
		FUZZ_TRUE(slot_entry_bytes(h.path, h.size) ==
			  again.n + h.size + slot_padding(h.size));
	}
	slot_head_clear(&h);
	return 0;
}
