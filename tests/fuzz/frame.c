/* SPDX-License-Identifier: Apache-2.0 */
/* frame: one record as it travels; asks for no more than it may have, and encodes to the same bytes. */
#include "format/batch.h"
#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	AUTO(buf_clear) struct buf again = BUF_INIT(RECORD_FRAME_BYTES_MAX);
	struct record_frame f;
	size_t n_frame = 0;
	int rc = record_frame_decode(&f, span_of(data, n), &n_frame, NULL);

	if (rc == FEED_MORE)
		FUZZ_TRUE(n_frame > n && n_frame <= RECORD_FRAME_BYTES_MAX);
	if (rc != 0)
		return 0;
	FUZZ_TRUE(n_frame <= n && fuzz_within(f.refs, span_of(data, n)) &&
		  fuzz_within(f.ciphertext, span_of(data, n)));
	FUZZ_TRUE(record_frame_append(&again, &f, NULL) == 0);
	FUZZ_TRUE(span_equal(buf_span(&again), span_of(data, n_frame)));
	return 0;
}
